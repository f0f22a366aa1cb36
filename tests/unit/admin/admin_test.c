#include "admin/admin.h"

#include "support/fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>

/* The test is the main thread, whose mailbox its loop turns. */
static struct fixture fixture;
static struct admin *admin;
static struct buffer answer;
static unsigned page_status;

static void write_page(struct admin_page *page, void *user)
{
    assert_ptr_equal(user, &fixture);
    page->status = page_status;
    buffer_printf(&page->body, "page %d\n", (int)page->kind);
}

static void open_with(const char *token)
{
    const struct config config = {
        .admin = (char[]){"127.0.0.1:0"},
        .admin_token = (char *)(uintptr_t)token,
    };
    struct buffer error = {0};

    admin = admin_open(&config, -1, &fixture.loop.mailbox, write_page, &fixture, &error);
    if (admin == NULL)
        fail_msg("%s", buffer_text(&error));
    admin_start(admin);
}

static int open_all(void **state)
{
    (void)state;
    fixture_open(&fixture, 1000000);
    page_status = 200;
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    if (admin != NULL) {
        admin_end(admin);
        net_mailbox_drain(&fixture.loop.mailbox);
        admin_free(admin);
        admin = NULL;
    }
    fixture_close(&fixture);
    buffer_deinit(&answer);
    return 0;
}

#define ADMIN_TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

static int connect_to_admin(void)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(admin_port(admin)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* Turns the main thread until it has come to the client, `is_whole` until all has. The client's
 * socket is not the loop's, and waits beside it. */
static void receive(int fd, bool is_whole)
{
    const uint64_t began_ms = fixture_clock_ms();
    struct pollfd it = {.fd = fd, .events = POLLIN};

    buffer_clear(&answer);
    while (fixture_receive(fd, &answer) && (is_whole || answer.len == 0)) {
        assert_true(fixture_clock_ms() - began_ms < FIXTURE_WAIT_MS);
        fixture_turn(&fixture);
        poll(&it, 1, 1);
    }
}

/* What is answered to that line and header. */
static void ask(const char *line, const char *header)
{
    const int fd = connect_to_admin();
    struct buffer request = {0};

    buffer_printf(&request, "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n", line, header);
    fixture_send(fd, buffer_bytes(&request));
    receive(fd, true);
    close(fd);
    buffer_deinit(&request);
}

static void assert_answer(const char *beginning)
{
    assert_true(bytes_starts_with(buffer_bytes(&answer), bytes_of(beginning)));
}

static void each_page_comes_from_the_main_thread_with_its_type(void **state)
{
    (void)state;
    open_with(NULL);
    ask("GET /metrics", "");
    assert_answer("HTTP/1.1 200 OK\r\n");
    assert_holds(buffer_bytes(&answer),
                 "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
    assert_holds(buffer_bytes(&answer), "Cache-Control: no-store\r\n");
    assert_holds(buffer_bytes(&answer), "\r\n\r\npage 0\n");
    ask("GET /metrics", "Accept: application/openmetrics-text; version=1.0.0\r\n");
    assert_holds(buffer_bytes(&answer), "Content-Type: application/openmetrics-text;");
    assert_holds(buffer_bytes(&answer), "\r\n\r\npage 1\n");
    ask("GET /live", "");
    assert_holds(buffer_bytes(&answer), "Content-Type: application/json\r\n");
    assert_holds(buffer_bytes(&answer), "\r\n\r\npage 2\n");
    ask("GET /ready", "");
    assert_holds(buffer_bytes(&answer), "\r\n\r\npage 3\n");
}

static void a_page_may_have_a_status_of_its_own(void **state)
{
    (void)state;
    open_with(NULL);
    page_status = 503;
    ask("GET /ready", "");
    assert_answer("HTTP/1.1 503 ");
    assert_holds(buffer_bytes(&answer), "page 3\n");
}

static void who_asks_for_something_else_is_told_what_there_is(void **state)
{
    (void)state;
    open_with(NULL);
    ask("GET /nothing", "");
    assert_answer("HTTP/1.1 404 ");
    assert_holds(buffer_bytes(&answer),
                 "Not found: there are /metrics, /live, /ready, and the console at /.\n");
    ask("POST /metrics", "Content-Length: 0\r\n");
    assert_answer("HTTP/1.1 405 ");
    assert_holds(buffer_bytes(&answer), "Allow: GET, HEAD\r\n");
    ask("HEAD /live", "");
    assert_answer("HTTP/1.1 200 ");
    assert_lacks_text(buffer_bytes(&answer), "page");
}

static void with_a_token_nobody_else_sees_anything(void **state)
{
    static const char *const wrong[] = {
        "",
        "Authorization: Bearer other\r\n",
        "Authorization: Bearer secret1\r\n",
        "Authorization: Basic secret\r\n",
        "Authorization: Bear\r\n",
    };

    (void)state;
    open_with("secret");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ask("GET /metrics", wrong[i]);
        assert_answer("HTTP/1.1 401 ");
        assert_holds(buffer_bytes(&answer), "WWW-Authenticate: Bearer\r\n");
        assert_lacks_text(buffer_bytes(&answer), "page");
    }
    ask("GET /metrics", "Authorization: bearer  secret \r\n");
    assert_answer("HTTP/1.1 200 ");
}

static void an_end_does_not_wait_for_pages(void **state)
{
    int fd;

    (void)state;
    open_with(NULL);
    fd = connect_to_admin();
    fixture_send(fd, BYTES("GET /live HTTP/1.1\r\nHost: a\r\n\r\n"));
    receive(fd, false);
    assert_answer("HTTP/1.1 200 ");
    fixture_send(fd, BYTES("GET /live HTTP/1.1\r\nHost: a\r\n\r\n"));
    close_all(state);
    fixture_open(&fixture, 1000000);
    close(fd);
}

static void a_socket_of_a_predecessor_serves_on(void **state)
{
    const struct config config = {.admin = (char[]){"127.0.0.1:0"}};
    struct buffer error = {0};
    int inherited;

    (void)state;
    open_with(NULL);
    inherited = dup(admin_fd(admin));
    admin_bequeath(admin);
    close_all(state);
    fixture_open(&fixture, 1000000);
    admin = admin_open(&config, inherited, &fixture.loop.mailbox, write_page, &fixture, &error);
    assert_non_null(admin);
    assert_int_equal(admin_fd(admin), inherited);
    admin_start(admin);
    ask("GET /live", "");
    assert_answer("HTTP/1.1 200 ");
}

static void an_address_that_cannot_be_had_is_named(void **state)
{
    const struct config wrong = {.admin = (char[]){"nowhere"}};
    const struct config folder = {.admin = (char[]){"unix:/nowhere/admin.sock"}};
    struct buffer error = {0};

    (void)state;
    assert_null(admin_open(&wrong, -1, &fixture.loop.mailbox, write_page, NULL, &error));
    assert_true(error.len > 0);
    buffer_clear(&error);
    assert_null(admin_open(&folder, -1, &fixture.loop.mailbox, write_page, NULL, &error));
    assert_holds(buffer_bytes(&error),
                 "admin \"unix:/nowhere/admin.sock\" cannot be listened on: ");
    buffer_deinit(&error);
    admin_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ADMIN_TEST(each_page_comes_from_the_main_thread_with_its_type),
        ADMIN_TEST(a_page_may_have_a_status_of_its_own),
        ADMIN_TEST(who_asks_for_something_else_is_told_what_there_is),
        ADMIN_TEST(with_a_token_nobody_else_sees_anything),
        ADMIN_TEST(an_end_does_not_wait_for_pages),
        ADMIN_TEST(a_socket_of_a_predecessor_serves_on),
        ADMIN_TEST(an_address_that_cannot_be_had_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
