#include "base/ip.h"

#include "support/unit.h"

static struct ip ip_of(const char *text)
{
    struct ip ip = {0};

    assert_true(ip_parse(bytes_of(text), &ip));
    return ip;
}

static void check_written(const char *text, const char *should)
{
    char out[IP_TEXT_LEN_MAX];
    const struct ip ip = ip_of(text);

    ip_write(&ip, out);
    assert_string_equal(out, should);
}

static void an_address_is_read_and_written_in_its_shortest_form(void **state)
{
    (void)state;
    check_written("192.0.2.1", "192.0.2.1");
    check_written("255.255.255.255", "255.255.255.255");
    check_written("0.0.0.0", "0.0.0.0");
    check_written("2001:db8::1", "2001:db8::1");
    check_written("2001:0DB8:0:0:0:0:0:1", "2001:db8::1");
    check_written("::1", "::1");
    check_written("::ffff:192.0.2.1", "192.0.2.1");
    check_written("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const wrong[] = {"",
                                        "unix",
                                        "unknown",
                                        "192.0.2",
                                        "192.0.2.1.5",
                                        "192.0.2.256",
                                        "192.0.2.1 ",
                                        " ::1",
                                        "::1::",
                                        "[::1]",
                                        "192.0.2.1:80",
                                        "fe80::1%eth0",
                                        "::",
                                        "1",
                                        "0x7f.0.0.1",
                                        ":",
                                        "127.0.0.1/8",
                                        "2001:db8::1::2",
                                        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
    struct ip ip;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(ip_parse(bytes_of(wrong[i]), &ip));
    assert_false(ip_parse(BYTES("192.0.2.1\0"), &ip));
}

static void check_range(const char *text, const char *address, bool should)
{
    struct ip_range range;
    const struct ip ip = ip_of(address);

    assert_true(ip_range_parse(bytes_of(text), &range));
    assert_int_equal(ip_range_contains(&range, &ip), should);
}

static void a_range_contains_the_addresses_of_its_prefix(void **state)
{
    (void)state;
    check_range("10.0.0.0/8", "10.255.255.255", true);
    check_range("10.0.0.0/8", "11.0.0.0", false);
    check_range("10.1.2.3/8", "10.9.9.9", true); /* bits beyond the prefix do not count */
    check_range("192.0.2.128/25", "192.0.2.128", true);
    check_range("192.0.2.128/25", "192.0.2.127", false);
    check_range("192.0.2.1", "192.0.2.1", true);
    check_range("192.0.2.1", "192.0.2.2", false);
    check_range("192.0.2.1/32", "192.0.2.1", true);
    check_range("0.0.0.0/0", "203.0.113.9", true);
    check_range("0.0.0.0/0", "2001:db8::1", false);
    check_range("::/0", "2001:db8::1", true);
    check_range("::/0", "203.0.113.9", false);
    check_range("2001:db8::/33", "2001:db8:7fff::1", true);
    check_range("2001:db8::/33", "2001:db8:8000::1", false);
    check_range("::1", "::1", true);
    check_range("::1/128", "::2", false);
    check_range("::ffff:10.0.0.0/104", "10.9.9.9", true);
    check_range("unix", "127.0.0.1", false);
}

static void a_unix_socket_is_only_in_the_range_of_that_name(void **state)
{
    const struct ip peer = {0};
    struct ip_range ranges[2];
    struct ip_ranges all = {ranges, 1};
    char out[IP_TEXT_LEN_MAX];

    (void)state;
    assert_true(ip_range_parse(BYTES("::/0"), &ranges[0]));
    assert_true(ip_range_parse(BYTES("unix"), &ranges[1]));
    assert_false(ip_ranges_contain(&all, &peer));
    all.count = 2;
    assert_true(ip_ranges_contain(&all, &peer));
    all.count = 0;
    assert_false(ip_ranges_contain(&all, &peer));
    ip_write(&peer, out);
    assert_string_equal(out, "unix");
}

static void what_is_no_range_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",       "/8",          "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8",
        "::/129", "::",          "::/128",    "localhost",   "unix/8",      "10.0.0.0/0x8",
        "UNIX",   "10.0.0.0 /8", "10.0.0/8",  "*",           "10.0.0.0/8 ", "10.0.0.0/255.0.0.0"};
    struct ip_range range;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(ip_range_parse(bytes_of(wrong[i]), &range));
}

static void one_client_has_an_address_or_a_64(void **state)
{
    struct ip a = ip_of("2001:db8:1:2:aaaa::1");
    struct ip b = ip_of("2001:db8:1:2:bbbb::2");

    (void)state;
    a = ip_network(&a);
    b = ip_network(&b);
    assert_true(ip_equal(&a, &b));
    b = ip_of("2001:db8:1:3::1");
    b = ip_network(&b);
    assert_false(ip_equal(&a, &b));
    a = ip_of("192.0.2.1");
    b = ip_network(&a);
    assert_true(ip_equal(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_read_and_written_in_its_shortest_form),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_range_contains_the_addresses_of_its_prefix),
        cmocka_unit_test(a_unix_socket_is_only_in_the_range_of_that_name),
        cmocka_unit_test(what_is_no_range_is_refused),
        cmocka_unit_test(one_client_has_an_address_or_a_64),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
