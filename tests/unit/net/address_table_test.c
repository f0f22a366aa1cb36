#include "net/address_table.h"

#include "support/unit.h"

#include <pthread.h>

static struct net_address_table *table;
static uint64_t now_ms;

static int open_table(void **state)
{
    (void)state;
    table = net_address_table_new();
    now_ms = 1000;
    return 0;
}

static int close_table(void **state)
{
    (void)state;
    net_address_table_free(table);
    return 0;
}

static struct ip ip_of(const char *text)
{
    struct ip ip;

    assert_true(ip_parse(bytes_of(text), &ip));
    return ip;
}

static bool take(const char *text, uint64_t scope, const struct config_address_limits *limits)
{
    const struct ip ip = ip_of(text);

    return net_address_table_take_connection(table, &ip, scope, limits, now_ms);
}

static void give(const char *text, uint64_t scope)
{
    const struct ip ip = ip_of(text);

    net_address_table_give_connection(table, &ip, scope, now_ms);
}

static bool request(const char *text, const struct config_address_limits *limits)
{
    const struct ip ip = ip_of(text);

    return net_address_table_take_request(table, &ip, 0, limits, now_ms);
}

static void an_address_has_so_many_connections_and_others_have_theirs(void **state)
{
    const struct config_address_limits limits = {.connections_max = 2};

    (void)state;
    assert_true(take("192.0.2.1", 0, &limits));
    assert_true(take("192.0.2.1", 0, &limits));
    assert_false(take("192.0.2.1", 0, &limits));
    assert_true(take("192.0.2.2", 0, &limits));
    assert_true(take("192.0.2.1", 7, &limits)); /* of an app, which counts by itself */
    give("192.0.2.1", 0);
    assert_true(take("192.0.2.1", 0, &limits));
    give("192.0.2.1", 0);
    give("192.0.2.1", 0);
    give("192.0.2.2", 0);
    give("192.0.2.1", 7);
}

static void a_64_is_one_address(void **state)
{
    const struct config_address_limits limits = {.connections_max = 1};

    (void)state;
    assert_true(take("2001:db8:0:1::1", 0, &limits));
    assert_false(take("2001:db8:0:1:ffff::2", 0, &limits));
    assert_true(take("2001:db8:0:2::1", 0, &limits));
    give("2001:db8:0:1:aaaa::3", 0);
    give("2001:db8:0:2::1", 0);
}

static void a_rate_comes_back_within_a_second(void **state)
{
    const struct config_address_limits limits = {.connections_per_s = 4, .requests_per_s = 2};

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_true(take("192.0.2.1", 0, &limits));
        give("192.0.2.1", 0);
    }
    assert_false(take("192.0.2.1", 0, &limits));
    assert_true(request("192.0.2.1", &limits));
    assert_true(request("192.0.2.1", &limits));
    assert_false(request("192.0.2.1", &limits));
    now_ms += 249;
    assert_false(take("192.0.2.1", 0, &limits));
    now_ms += 1;
    assert_true(take("192.0.2.1", 0, &limits));
    give("192.0.2.1", 0);
    assert_false(request("192.0.2.1", &limits));
    now_ms += 250;
    assert_true(request("192.0.2.1", &limits));
    now_ms += 60 * 1000; /* no more is saved than a second's */
    for (int i = 0; i < 4; i++) {
        assert_true(take("192.0.2.1", 0, &limits));
        give("192.0.2.1", 0);
    }
    assert_false(take("192.0.2.1", 0, &limits));
}

static void a_clock_that_is_a_turn_behind_gives_nothing(void **state)
{
    const struct config_address_limits limits = {.requests_per_s = 1};

    (void)state;
    assert_true(request("192.0.2.1", &limits));
    now_ms -= 20;
    assert_false(request("192.0.2.1", &limits));
    now_ms += 1020;
    assert_true(request("192.0.2.1", &limits));
}

static void no_limit_is_no_limit(void **state)
{
    const struct config_address_limits limits = {0};

    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_true(take("192.0.2.1", 0, &limits));
        assert_true(request("192.0.2.1", &limits));
    }
    for (int i = 0; i < 1000; i++)
        give("192.0.2.1", 0);
}

static struct ip ip_number(uint32_t number)
{
    const uint8_t bytes[16] = {0x20,
                               1,
                               0xd,
                               0xb8,
                               (uint8_t)(number >> 24),
                               (uint8_t)(number >> 16),
                               (uint8_t)(number >> 8),
                               (uint8_t)number};

    return ip_of_v6(bytes);
}

static void a_million_addresses_leave_the_table_bounded(void **state)
{
    const struct config_address_limits limits = {.connections_max = 1, .requests_per_s = 1};

    (void)state;
    assert_true(take("192.0.2.1", 0, &limits));
    for (uint32_t i = 0; i < 1000 * 1000; i++) {
        const struct ip ip = ip_number(i);

        assert_true(net_address_table_take_request(table, &ip, 0, &limits, now_ms));
    }
    assert_in_range(net_address_table_count(table), NET_ADDRESS_TABLE_IDLE_MAX / 2,
                    NET_ADDRESS_TABLE_IDLE_MAX + 1);
    /* Who is connected is not forgotten meanwhile. */
    assert_false(take("192.0.2.1", 0, &limits));
    give("192.0.2.1", 0);
    /* The youngest are still known. */
    const struct ip last = ip_number(1000 * 1000 - 1);

    assert_false(net_address_table_take_request(table, &last, 0, &limits, now_ms));
}

static void addresses_that_have_gone_are_forgotten_with_time(void **state)
{
    const struct config_address_limits limits = {.requests_per_s = 1};

    (void)state;
    for (uint32_t i = 0; i < 50000; i++) {
        const struct ip ip = ip_number(i);

        assert_true(net_address_table_take_request(table, &ip, 0, &limits, now_ms));
    }
    for (int second = 0; second < 2; second++) {
        now_ms += 2000;
        for (uint32_t i = 0; i < 50000; i++) {
            const struct ip ip = ip_number(1000 * 1000 + i % 1000 + (uint32_t)second * 1000);

            net_address_table_take_request(table, &ip, 0, &limits, now_ms);
        }
    }
    assert_in_range(net_address_table_count(table), 1, 50000);
}

static const struct config_address_limits shared_limits = {.connections_max = 3};

static void *come_and_go(void *user)
{
    const struct ip ip = ip_number(1);

    for (int i = 0; i < 20000; i++)
        if (net_address_table_take_connection(user, &ip, 0, &shared_limits, 1000))
            net_address_table_give_connection(user, &ip, 0, 1000);
    return NULL;
}

static void workers_share_the_table(void **state)
{
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, table), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(net_address_table_count(table), 1);
}

#define TABLE_TEST(name) cmocka_unit_test_setup_teardown(name, open_table, close_table)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(an_address_has_so_many_connections_and_others_have_theirs),
        TABLE_TEST(a_64_is_one_address),
        TABLE_TEST(a_rate_comes_back_within_a_second),
        TABLE_TEST(a_clock_that_is_a_turn_behind_gives_nothing),
        TABLE_TEST(no_limit_is_no_limit),
        TABLE_TEST(a_million_addresses_leave_the_table_bounded),
        TABLE_TEST(addresses_that_have_gone_are_forgotten_with_time),
        TABLE_TEST(workers_share_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
