#include "net/proxied.h"

#include "support/fixture.h"

#define HEADER "PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n"
#define BEHIND "\x16\x03\x01 is not for the header"

static struct fixture fixture;
static struct net_proxied proxied;
static struct net_proxy_header got;
static int got_fd;
static size_t refused_count;
static const struct ip proxy = {{1}};

static void on_header(int fd, const struct net_proxy_header *header, void *user)
{
    (void)user;
    got = *header;
    got_fd = fd;
}

static void on_refused(const struct ip *of, void *user)
{
    (void)user;
    assert_true(ip_equal(of, &proxy));
    refused_count++;
}

static const struct net_proxied_events events = {
    .on_header = on_header,
    .on_refused = on_refused,
};

static void on_turn_end(void *user)
{
    (void)user;
    net_proxied_end_turn(&proxied);
}

static int open_proxied(void **state)
{
    (void)state;
    got_fd = -1;
    refused_count = 0;
    fixture_open(&fixture, 1000);
    net_proxied_open(&proxied, &fixture.loop, &events, NULL);
    fixture.on_turn_end = on_turn_end;
    return 0;
}

static int close_proxied(void **state)
{
    (void)state;
    while (net_proxied_evict(&proxied, 0))
        ;
    net_proxied_close(&proxied);
    fixture_close(&fixture);
    return 0;
}

static int connect_one(void)
{
    int peer;

    net_proxied_take(&proxied, fixture_pair(&fixture, &peer), &proxy);
    return peer;
}

/* The server has closed its end. */
static void assert_closed(int peer)
{
    char byte;

    errno = 0;
    assert_true(recv(peer, &byte, 1, 0) <= 0 && errno != EAGAIN);
    close(peer);
}

static void release_got(void)
{
    close(got_fd);
    got_fd = -1;
    net_descriptors_give_connection(&fixture.descriptors);
}

static void check_split(size_t at)
{
    const struct bytes all = BYTES(HEADER BEHIND);
    const int peer = connect_one();
    char rest[64];

    fixture_send(peer, (struct bytes){all.data, at});
    fixture_turn(&fixture);
    if (at < sizeof HEADER - 1)
        assert_int_equal(got_fd, -1);
    fixture_send(peer, bytes_from(all, at));
    FIXTURE_UNTIL(&fixture, got_fd >= 0);
    assert_true(got.has_client);
    assert_int_equal(recv(got_fd, rest, sizeof rest, 0), sizeof BEHIND - 1);
    assert_memory_equal(rest, BEHIND, sizeof BEHIND - 1);
    assert_int_equal(fixture.loop.connections_count, 0);
    assert_int_equal(atomic_load(&fixture.descriptors.connections_count), 1);
    release_got();
    close(peer);
}

static void exactly_the_header_is_read_however_it_is_split(void **state)
{
    (void)state;
    for (size_t at = 1; at < sizeof HEADER BEHIND - 1; at++)
        check_split(at);
}

static void part_of_a_header_is_taken_out_of_the_socket(void **state)
{
    int peer;
    const int fd = fixture_pair(&fixture, &peer);
    char byte;

    (void)state;
    net_proxied_take(&proxied, fd, &proxy);
    fixture_send(peer, BYTES("PROXY TCP4 192."));
    fixture_turn(&fixture);
    /* Else the poller would report it again and again. */
    assert_int_equal(recv(fd, &byte, 1, MSG_PEEK), -1);
    close(peer);
    FIXTURE_UNTIL(&fixture, refused_count == 1);
}

static void what_is_no_header_is_refused(void **state)
{
    int peer = connect_one();

    (void)state;
    fixture_send(peer, BYTES("GET / HTTP/1.1\r\n"));
    FIXTURE_UNTIL(&fixture, refused_count == 1);
    assert_closed(peer);
    peer = connect_one();
    fixture_send(peer, BYTES("PROXY TCP4"));
    shutdown(peer, SHUT_WR);
    FIXTURE_UNTIL(&fixture, refused_count == 2);
    assert_closed(peer);
    assert_int_equal(fixture.loop.connections_count, 0);
    assert_int_equal(got_fd, -1);
}

static void who_says_nothing_and_leaves_is_not_refused(void **state)
{
    (void)state;
    close(connect_one());
    FIXTURE_UNTIL(&fixture, fixture.loop.connections_count == 0);
    assert_int_equal(refused_count, 0);
}

static void the_one_that_waits_longest_gives_way(void **state)
{
    const int first = connect_one();
    const int second = connect_one();

    (void)state;
    assert_false(net_proxied_evict(&proxied, 60000));
    assert_true(net_proxied_evict(&proxied, 0));
    assert_closed(first);
    fixture_send(second, BYTES(HEADER));
    FIXTURE_UNTIL(&fixture, got_fd >= 0);
    assert_false(net_proxied_evict(&proxied, 0));
    release_got();
    close(second);
}

static void a_header_has_its_time_from_the_moment_of_the_connection(void **state)
{
    int first;
    int second;

    (void)state;
    proxied.limit_ms = 20;
    first = connect_one();
    fixture_send(first, BYTES("PROXY "));
    second = connect_one();
    FIXTURE_UNTIL(&fixture, refused_count == 2);
    assert_closed(first);
    assert_closed(second);
    first = connect_one();
    assert_int_equal(fixture.loop.connections_count, 1);
    FIXTURE_UNTIL(&fixture, refused_count == 3);
    assert_closed(first);
}

#define PROXIED_TEST(name) cmocka_unit_test_setup_teardown(name, open_proxied, close_proxied)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROXIED_TEST(exactly_the_header_is_read_however_it_is_split),
        PROXIED_TEST(part_of_a_header_is_taken_out_of_the_socket),
        PROXIED_TEST(what_is_no_header_is_refused),
        PROXIED_TEST(who_says_nothing_and_leaves_is_not_refused),
        PROXIED_TEST(the_one_that_waits_longest_gives_way),
        PROXIED_TEST(a_header_has_its_time_from_the_moment_of_the_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
