#include "pusher/address_limits.h"

#include "net/address_table.h"
#include "support/pusher_fixture.h"

static struct pusher_fixture fixture;
static struct net_address_table *table;
static struct config_address_limits of_server;
static struct ip_range unix_range;
static const struct ip_ranges proxies = {&unix_range, 1};

static int open_fixture(void **state)
{
    struct config_app settings = app_of_documentation();

    (void)state;
    settings.address_limits =
        (struct config_address_limits){.connections_max = 2, .requests_per_s = 1};
    of_server = (struct config_address_limits){.connections_max = 3};
    assert_true(ip_range_parse(BYTES("unix"), &unix_range));
    pusher_fixture_open_with(&fixture, settings, NULL, NULL);
    table = net_address_table_new();
    fixture.fixture.loop.addresses = table;
    fixture.fixture.loop.address_limits = &of_server;
    fixture.fixture.loop.unlimited = &proxies;
    fixture.http.trusted_proxies = &proxies;
    return 0;
}

static int close_fixture(void **state)
{
    (void)state;
    pusher_fixture_close(&fixture);
    net_address_table_free(table); /* which checks that nobody is counted */
    return 0;
}

static struct pusher_client *connect_from(const char *address)
{
    struct buffer origin = {0};
    struct pusher_client *client;

    buffer_printf(&origin, "https://a.test\r\nX-Forwarded-For: %s", address);
    client = pusher_fixture_connect(&fixture, fixture.settings.key, buffer_text(&origin));
    buffer_deinit(&origin);
    return client;
}

static bool is_established(struct pusher_client *client)
{
    return unit_has(pusher_fixture_heard(&fixture, client), BYTES("pusher:connection_established"));
}

static void an_app_has_so_many_clients_of_an_address(void **state)
{
    struct pusher_client *first = connect_from("192.0.2.1");
    struct pusher_client *third;

    (void)state;
    assert_true(is_established(first));
    assert_true(is_established(connect_from("192.0.2.1")));
    third = connect_from("192.0.2.1");
    assert_heard_holds(&fixture, third, "Too many connections from this address");
    assert_true(is_established(connect_from("192.0.2.2")));
    assert_true(is_established(connect_from("unknown"))); /* the proxy itself */
    close(first->fd);
    first->fd = dup(0);
    close(third->fd);
    third->fd = dup(0);
    pusher_fixture_turn(&fixture);
    pusher_fixture_turn(&fixture);
    assert_true(is_established(connect_from("192.0.2.1")));
}

static void the_server_counts_for_itself(void **state)
{
    (void)state;
    of_server.connections_max = 1;
    assert_true(is_established(connect_from("192.0.2.1")));
    assert_heard_holds(&fixture, connect_from("192.0.2.1"), "close:4100");
    assert_int_equal(metrics_read(&pusher_worker_metrics_of(&fixture.worker, fixture.app)
                                       ->rejected[METRICS_APP_REJECT_ADDRESS]),
                     1);
}

static void requests_to_the_app_have_their_rate(void **state)
{
    struct pusher_client *client = connect_from("192.0.2.1");
    struct pusher_session *session;

    (void)state;
    assert_true(is_established(client));
    session = LIST_OWNER(fixture.worker.sessions.next, struct pusher_session, link);
    assert_true(pusher_address_limits_take_request(&fixture.worker, fixture.app, session->ws.net));
    assert_false(pusher_address_limits_take_request(&fixture.worker, fixture.app, session->ws.net));
}

#define LIMITS_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIMITS_TEST(an_app_has_so_many_clients_of_an_address),
        LIMITS_TEST(the_server_counts_for_itself),
        LIMITS_TEST(requests_to_the_app_have_their_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
