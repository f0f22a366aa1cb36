#include "net/connect.h"

#include "net/listener.h"
#include "net/socket.h"
#include "support/certificate.h"
#include "support/fixture.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#define WAIT_MS 15000
#define BACKLOG_MAX 8000000

/* The server that is connected to, the attempt, and what became of it. */
struct attempt {
    struct fixture fixture;
    struct net_listener *listener;
    struct net_tls *server_tls;
    struct net_tls *tls;
    struct net_conn *server; /* its end of the last connection */
    struct net_conn *conn;
    struct buffer error;
    struct buffer received;
    size_t done_count;
    size_t served_count;
    uint16_t port;
    bool is_closed;
    bool ignores_callers;
    char folder[32];
};

static struct attempt attempt;

/* --- a name with two addresses, whatever machine this is ------------------------------------ */

typedef int (*getaddrinfo_fn)(const char *, const char *, const struct addrinfo *,
                              struct addrinfo **);

/* NOLINTNEXTLINE: the system's names of the arguments are reserved ones */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    const getaddrinfo_fn original = (getaddrinfo_fn)dlsym(RTLD_NEXT, "getaddrinfo");
    int status;

    if (node == NULL || strcmp(node, "two.test") != 0)
        return original(node, service, hints, found);
    status = original("127.0.0.2", service, hints, found);
    return status != 0 ? status : original("127.0.0.1", service, hints, &(*found)->ai_next);
}

/* --- the server, which answers what it is told ---------------------------------------------- */

static void serve_data(struct net_conn *conn, char *data, size_t len)
{
    assert_true(net_conn_write(conn, (struct bytes){data, len}));
}

static void serve_end(struct net_conn *conn)
{
    net_conn_close(conn);
}

static void serve_timer(struct net_conn *conn, uint64_t now_ms)
{
    (void)conn;
    (void)now_ms;
}

static void serve_closed(struct net_conn *conn)
{
    if (attempt.server == conn)
        attempt.server = NULL;
}

static const struct net_conn_events server_events = {
    .on_data = serve_data,
    .on_end = serve_end,
    .on_timer = serve_timer,
    .on_closed = serve_closed,
};

static void on_accept(int fd, void *user)
{
    (void)user;
    attempt.served_count++;
    if (attempt.ignores_callers) {
        close(fd);
        net_descriptors_give_connection(&attempt.fixture.descriptors);
        return;
    }
    attempt.server =
        net_conn_open(&attempt.fixture.loop, fd, attempt.server_tls, &server_events, NULL);
    assert_non_null(attempt.server);
}

static bool on_full(void *user)
{
    (void)user;
    return false;
}

static void listen_with(int fd)
{
    static const struct net_listener_events events = {.on_accept = on_accept, .on_full = on_full};

    assert_true(fd >= 0);
    attempt.listener = net_listener_open(&attempt.fixture.loop, fd, &events, NULL);
    assert_non_null(attempt.listener);
}

static void listen_on(const char *host)
{
    listen_with(net_socket_listen(host, &attempt.port, false));
}

static void listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 16), 0);
    listen_with(fd);
}

/* --- who connects --------------------------------------------------------------------------- */

static void on_data(struct net_conn *conn, char *data, size_t len)
{
    assert_ptr_equal(net_conn_user(conn), &attempt);
    buffer_append(&attempt.received, data, len);
}

static void on_end(struct net_conn *conn)
{
    net_conn_close(conn);
}

static void on_closed(struct net_conn *conn)
{
    (void)conn;
    attempt.is_closed = true;
}

static const struct net_conn_events events = {
    .on_data = on_data,
    .on_end = on_end,
    .on_timer = serve_timer,
    .on_closed = on_closed,
};

static void on_done(struct net_conn *conn, const char *error, void *user)
{
    assert_ptr_equal(user, &attempt);
    assert_true((conn == NULL) == (error != NULL));
    attempt.done_count++;
    attempt.conn = conn;
    buffer_clear(&attempt.error);
    buffer_append_text(&attempt.error, error != NULL ? error : "");
}

static struct net_connecting *begin(const char *host, uint64_t timeout_ms)
{
    struct net_connecting *connecting =
        net_connect(&attempt.fixture.loop, host, attempt.port, attempt.tls, timeout_ms, &events,
                    &attempt, on_done);

    assert_int_equal(attempt.done_count, 0); /* not within the call */
    return connecting;
}

static void assert_connects(const char *host)
{
    begin(host, WAIT_MS);
    FIXTURE_UNTIL(&attempt.fixture, attempt.done_count > 0);
    assert_string_equal(buffer_text(&attempt.error), "");
    assert_non_null(attempt.conn);
    net_conn_write(attempt.conn, BYTES("hello"));
    FIXTURE_UNTIL(&attempt.fixture, attempt.received.len == 5);
    assert_text(buffer_bytes(&attempt.received), "hello");
}

/* Nothing of it is left. */
static const char *fail_to(const char *host, uint64_t timeout_ms)
{
    attempt.done_count = 0;
    begin(host, timeout_ms);
    FIXTURE_UNTIL(&attempt.fixture, attempt.done_count > 0);
    assert_null(attempt.conn);
    FIXTURE_UNTIL(&attempt.fixture, attempt.fixture.loop.connections_count == 0);
    assert_int_equal(atomic_load(&attempt.fixture.descriptors.connections_count), 0);
    assert_int_equal(attempt.done_count, 1);
    return buffer_text(&attempt.error);
}

static int open_attempt(void **state)
{
    (void)state;
    attempt = (struct attempt){.folder = "/tmp/reverb-connect-XXXXXX"};
    assert_non_null(mkdtemp(attempt.folder));
    assert_int_equal(chdir(attempt.folder), 0);
    fixture_open(&attempt.fixture, BACKLOG_MAX);
    return 0;
}

static int close_attempt(void **state)
{
    static const char *const names[] = {"socket", "ca.pem", "server.pem", "client.pem"};

    (void)state;
    if (attempt.listener != NULL)
        net_listener_close(attempt.listener);
    if (attempt.conn != NULL && !attempt.is_closed)
        net_conn_close(attempt.conn);
    if (attempt.server != NULL)
        net_conn_close(attempt.server);
    fixture_close(&attempt.fixture);
    net_tls_free(attempt.tls);
    net_tls_free(attempt.server_tls);
    buffer_deinit(&attempt.error);
    buffer_deinit(&attempt.received);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        remove(names[i]);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(attempt.folder), 0);
    return 0;
}

#define CONNECT_TEST(name) cmocka_unit_test_setup_teardown(name, open_attempt, close_attempt)

/* --- without TLS ---------------------------------------------------------------------------- */

static void a_connection_speaks_both_ways_and_is_counted(void **state)
{
    (void)state;
    listen_on("127.0.0.1");
    assert_connects("127.0.0.1");
    assert_int_equal(atomic_load(&attempt.fixture.descriptors.connections_count), 2);
    net_conn_close(attempt.conn);
    assert_int_equal(atomic_load(&attempt.fixture.descriptors.connections_count), 1);
}

static void a_connection_sends_at_once_and_notices_a_peer_that_is_gone(void **state)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in to = address;
    int on[2] = {0};
    socklen_t len = sizeof on[0];
    int fd;

    (void)state;
    listen_on("127.0.0.1");
    to.sin_port = htons(attempt.port);
    fd = net_socket_connect((const struct sockaddr *)&to, sizeof to);
    assert_true(fd >= 0);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on[0], &len), 0);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on[1], &len), 0);
    assert_true(on[0] && on[1]);
    close(fd);
}

static void a_server_is_found_by_its_name(void **state)
{
    (void)state;
    listen_on("127.0.0.1");
    assert_connects("localhost");
}

static void an_address_that_refuses_is_followed_by_the_next(void **state)
{
    (void)state;
    listen_on("127.0.0.1");
    assert_connects("two.test"); /* nobody listens on 127.0.0.2 */
}

static void where_nobody_listens_the_connection_is_refused(void **state)
{
    (void)state;
    attempt.port = 1;
    assert_string_equal(fail_to("127.0.0.1", WAIT_MS), "connection refused");
    assert_string_equal(fail_to("two.test", WAIT_MS), "connection refused");
}

static void a_name_that_nobody_has_is_said_to_be_the_reason(void **state)
{
    static const char name[] =
        "a-label-of-more-than-sixty-three-letters-which-no-server-of-names-can-ever-know.test";

    (void)state;
    assert_memory_equal(fail_to(name, WAIT_MS), "its name cannot be resolved: ", 29);
}

static void a_full_house_of_clients_does_not_keep_us_out(void **state)
{
    (void)state;
    attempt.ignores_callers = true;
    attempt.fixture.descriptors.connections_max = 0;
    listen_on("127.0.0.1");
    begin("127.0.0.1", WAIT_MS);
    FIXTURE_UNTIL(&attempt.fixture, attempt.done_count > 0);
    assert_non_null(attempt.conn);
}

static void a_path_is_a_unix_socket(void **state)
{
    char path[64];

    (void)state;
    snprintf(path, sizeof path, "%s/socket", attempt.folder);
    assert_string_equal(fail_to(path, WAIT_MS), "no such file or directory");
    listen_at("socket");
    attempt.done_count = 0;
    assert_connects(path);
}

static void a_path_longer_than_a_socket_may_have_is_said_to_be(void **state)
{
    char path[200];

    (void)state;
    memset(path, '/', sizeof path);
    path[sizeof path - 1] = '\0';
    assert_string_equal(fail_to(path, WAIT_MS), "the path is too long for a Unix socket");
}

static void many_bytes_cross_in_order(void **state)
{
    static char much[3000000];

    (void)state;
    for (size_t i = 0; i < sizeof much; i++)
        much[i] = (char)(i * 31 / 7);
    listen_on("127.0.0.1");
    assert_connects("127.0.0.1");
    buffer_clear(&attempt.received);
    assert_true(net_conn_write(attempt.conn, (struct bytes){much, sizeof much}));
    FIXTURE_UNTIL(&attempt.fixture, attempt.received.len >= sizeof much);
    assert_bytes_equal(buffer_bytes(&attempt.received), ((struct bytes){much, sizeof much}));
}

/* --- time ----------------------------------------------------------------------------------- */

/* A listener whose queue is full swallows whoever comes. */
struct black_hole {
    int listener;
    int callers[8];
};

static struct black_hole dig(const char *host, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t len = sizeof address;
    struct black_hole hole = {.listener = socket(AF_INET, SOCK_STREAM, 0)};

    assert_int_equal(inet_pton(AF_INET, host, &address.sin_addr), 1);
    assert_int_equal(bind(hole.listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(hole.listener, 0), 0);
    assert_int_equal(getsockname(hole.listener, (struct sockaddr *)&address, &len), 0);
    attempt.port = ntohs(address.sin_port);
    for (size_t i = 0; i < 8; i++) {
        hole.callers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(hole.callers[i], (const struct sockaddr *)&address, len);
    }
    return hole;
}

static void fill_in(struct black_hole *hole)
{
    close(hole->listener);
    for (size_t i = 0; i < 8; i++)
        close(hole->callers[i]);
}

static void a_server_that_does_not_answer_is_given_up_in_time(void **state)
{
    const uint64_t began_ms = fixture_clock_ms();
    struct black_hole hole = dig("127.0.0.1", 0);

    (void)state;
    assert_string_equal(fail_to("127.0.0.1", 300), "timed out after 300 ms");
    assert_true(fixture_clock_ms() - began_ms >= 299);
    assert_string_equal(fail_to("127.0.0.1", 1000), "timed out after 1 s");
    fill_in(&hole);
}

static void an_address_that_swallows_everything_leaves_time_for_the_next(void **state)
{
    struct black_hole hole;

    (void)state;
    listen_on("127.0.0.1");
    hole = dig("127.0.0.2", attempt.port);
    begin("two.test", 2000);
    FIXTURE_UNTIL(&attempt.fixture, attempt.done_count > 0);
    assert_string_equal(buffer_text(&attempt.error), "");
    fill_in(&hole);
}

static void what_is_cancelled_is_not_received_of_again(void **state)
{
    struct black_hole hole = dig("127.0.0.1", 0);
    const char *const hosts[] = {"127.0.0.1", "localhost", "two.test", "/nowhere"};

    (void)state;
    for (int turns = 0; turns < 4; turns++)
        for (size_t i = 0; i < 3; i++) {
            struct net_connecting *connecting = begin(hosts[i], WAIT_MS);

            for (int turn = 0; turn < turns; turn++)
                fixture_turn(&attempt.fixture);
            net_connect_cancel(connecting);
            fixture_turn(&attempt.fixture);
            assert_int_equal(atomic_load(&attempt.fixture.descriptors.connections_count), 0);
        }
    net_connect_cancel(begin(hosts[3], WAIT_MS));
    for (int turn = 0; turn < 10; turn++)
        fixture_turn(&attempt.fixture);
    assert_int_equal(attempt.done_count, 0);
    fill_in(&hole);
}

/* --- with TLS ------------------------------------------------------------------------------- */

/* The server's certificate is for `for_whom`, by an authority or by itself. */
static void serve_tls(const char *for_whom, bool is_self_signed)
{
    struct certificate ca = certificate_make("DNS:authority.test", NULL);
    struct certificate server = certificate_make(for_whom, is_self_signed ? NULL : &ca);
    struct certificate client = certificate_make("DNS:client.test", &ca);
    const struct config_tls settings = {.local_cert = "server.pem"};
    struct buffer error = {0};

    certificate_write(&ca, "ca.pem");
    certificate_write(&server, "server.pem");
    certificate_write(&client, "client.pem");
    certificate_free(&ca);
    certificate_free(&server);
    certificate_free(&client);
    attempt.server_tls = net_tls_new(&settings, &error);
    assert_non_null(attempt.server_tls);
    listen_on("127.0.0.1");
}

static void be_client(const struct config_tls *settings)
{
    struct buffer error = {0};

    net_tls_free(attempt.tls);
    attempt.tls = net_tls_new_client(settings, &error);
    if (attempt.tls == NULL)
        fail_msg("%s", buffer_text(&error));
}

static const struct config_tls careful = {.cafile = "ca.pem", .verify_peer = true};
static const struct config_tls careless = {.verify_peer = false};

static void a_certificate_of_the_name_by_a_known_authority_is_trusted(void **state)
{
    (void)state;
    serve_tls("DNS:two.test", false);
    be_client(&careful);
    assert_connects("two.test");
}

static void a_certificate_of_the_address_is_trusted(void **state)
{
    (void)state;
    serve_tls("IP:127.0.0.1", false);
    be_client(&careful);
    assert_connects("127.0.0.1");
}

static void a_certificate_that_signed_itself_is_refused(void **state)
{
    (void)state;
    serve_tls("DNS:two.test", true);
    be_client(&careful);
    assert_string_equal(fail_to("two.test", WAIT_MS),
                        "certificate verify failed: self-signed certificate");
}

static void an_authority_that_the_system_does_not_know_is_refused(void **state)
{
    const struct config_tls settings = {.verify_peer = true};

    (void)state;
    serve_tls("DNS:two.test", false);
    be_client(&settings);
    assert_string_equal(fail_to("two.test", WAIT_MS),
                        "certificate verify failed: unable to get local issuer certificate");
}

static void a_certificate_of_another_host_is_refused(void **state)
{
    (void)state;
    serve_tls("DNS:other.test", false);
    be_client(&careful);
    assert_string_equal(fail_to("two.test", WAIT_MS),
                        "certificate verify failed: hostname mismatch");
    assert_string_equal(fail_to("127.0.0.1", WAIT_MS),
                        "certificate verify failed: IP address mismatch");
}

static void who_does_not_verify_takes_any_certificate(void **state)
{
    (void)state;
    serve_tls("DNS:other.test", true);
    be_client(&careless);
    assert_connects("two.test");
}

static void a_unix_socket_has_no_name_to_be_certified(void **state)
{
    char path[64];

    (void)state;
    snprintf(path, sizeof path, "%s/socket", attempt.folder);
    serve_tls("DNS:other.test", false);
    net_listener_close(attempt.listener);
    listen_at("socket");
    be_client(&careful);
    assert_connects(path);
}

static void a_server_that_asks_for_a_certificate_is_shown_ours(void **state)
{
    const struct config_tls server = {
        .local_cert = "server.pem", .cafile = "ca.pem", .verify_peer = true};
    const struct config_tls client = {
        .local_cert = "client.pem", .cafile = "ca.pem", .verify_peer = true};
    struct buffer error = {0};

    (void)state;
    serve_tls("DNS:two.test", false);
    assert_true(net_tls_reload(attempt.server_tls, &server, &error));
    be_client(&client);
    assert_connects("two.test");
}

static void many_bytes_cross_encrypted_in_order(void **state)
{
    (void)state;
    serve_tls("DNS:two.test", false);
    be_client(&careless);
    net_listener_close(attempt.listener);
    attempt.port = 0;
    many_bytes_cross_in_order(state);
}

static void who_does_not_speak_tls_is_told_apart(void **state)
{
    struct black_hole hole;

    (void)state;
    be_client(&careless);
    attempt.ignores_callers = true;
    listen_on("127.0.0.1");
    assert_memory_equal(fail_to("127.0.0.1", WAIT_MS), "TLS handshake failed: ", 22);
    /* The server says back what it is told, which is no answer to it. */
    attempt.ignores_callers = false;
    assert_memory_equal(fail_to("127.0.0.1", WAIT_MS), "TLS handshake failed: ", 22);
    /* The first in the queue of a black hole arrives, and receives nothing. */
    hole = dig("127.0.0.3", 0);
    for (size_t i = 0; i < 8; i++)
        close(hole.callers[i]);
    close(accept(hole.listener, NULL, NULL));
    assert_string_equal(fail_to("127.0.0.3", 1000),
                        "timed out after 1 s in the TLS handshake; does it speak TLS there?");
    close(hole.listener);
}

static void a_file_that_is_no_authority_is_named(void **state)
{
    const struct config_tls settings = {.cafile = "nowhere.pem", .verify_peer = true};
    struct buffer error = {0};

    (void)state;
    assert_null(net_tls_new_client(&settings, &error));
    assert_holds(buffer_bytes(&error), "\"nowhere.pem\" cannot be used: ");
    buffer_deinit(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECT_TEST(a_connection_speaks_both_ways_and_is_counted),
        CONNECT_TEST(a_connection_sends_at_once_and_notices_a_peer_that_is_gone),
        CONNECT_TEST(a_server_is_found_by_its_name),
        CONNECT_TEST(an_address_that_refuses_is_followed_by_the_next),
        CONNECT_TEST(where_nobody_listens_the_connection_is_refused),
        CONNECT_TEST(a_name_that_nobody_has_is_said_to_be_the_reason),
        CONNECT_TEST(a_full_house_of_clients_does_not_keep_us_out),
        CONNECT_TEST(a_path_is_a_unix_socket),
        CONNECT_TEST(a_path_longer_than_a_socket_may_have_is_said_to_be),
        CONNECT_TEST(many_bytes_cross_in_order),
        CONNECT_TEST(a_server_that_does_not_answer_is_given_up_in_time),
        CONNECT_TEST(an_address_that_swallows_everything_leaves_time_for_the_next),
        CONNECT_TEST(what_is_cancelled_is_not_received_of_again),
        CONNECT_TEST(a_certificate_of_the_name_by_a_known_authority_is_trusted),
        CONNECT_TEST(a_certificate_of_the_address_is_trusted),
        CONNECT_TEST(a_certificate_that_signed_itself_is_refused),
        CONNECT_TEST(an_authority_that_the_system_does_not_know_is_refused),
        CONNECT_TEST(a_certificate_of_another_host_is_refused),
        CONNECT_TEST(who_does_not_verify_takes_any_certificate),
        CONNECT_TEST(a_unix_socket_has_no_name_to_be_certified),
        CONNECT_TEST(a_server_that_asks_for_a_certificate_is_shown_ours),
        CONNECT_TEST(many_bytes_cross_encrypted_in_order),
        CONNECT_TEST(who_does_not_speak_tls_is_told_apart),
        CONNECT_TEST(a_file_that_is_no_authority_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
