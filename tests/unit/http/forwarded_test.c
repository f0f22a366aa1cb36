#include "http/forwarded.h"

#include "support/unit.h"

static struct ip_range list[3];
static const struct ip_ranges trusted = {list, 3};

static int trust(void **state)
{
    (void)state;
    assert_true(ip_range_parse(BYTES("10.0.0.0/8"), &list[0]));
    assert_true(ip_range_parse(BYTES("2001:db8:1::/48"), &list[1]));
    assert_true(ip_range_parse(BYTES("unix"), &list[2]));
    return 0;
}

/* `lines` are "Name: value" with a newline behind each. */
static void check_from(const char *peer_text, const char *lines, const char *should)
{
    struct http_request request = {0};
    struct bytes rest = bytes_of(lines);
    struct bytes line;
    struct ip peer = {0};
    struct ip client;
    char out[IP_TEXT_LEN_MAX];

    if (strcmp(peer_text, "unix") != 0)
        assert_true(ip_parse(bytes_of(peer_text), &peer));
    while (bytes_next(&rest, '\n', &line) && line.len > 0) {
        struct http_request_header *header = &request.headers[request.headers_count++];

        bytes_next(&line, ':', &header->name);
        header->value = bytes_trim(line);
    }
    client = http_forwarded_client(&request, &trusted, &peer);
    ip_write(&client, out);
    assert_string_equal(out, should);
}

static void check(const char *lines, const char *should)
{
    check_from("10.0.0.1", lines, should);
}

static void who_is_no_trusted_proxy_is_the_client_whatever_it_says(void **state)
{
    (void)state;
    check_from("203.0.113.5", "X-Forwarded-For: 192.0.2.1\n", "203.0.113.5");
    check_from("203.0.113.5", "Forwarded: for=192.0.2.1\n", "203.0.113.5");
    check_from("203.0.113.5", "X-Forwarded-For: 10.0.0.1\n", "203.0.113.5");
}

static void the_last_address_that_is_not_trusted_is_the_client(void **state)
{
    (void)state;
    check("", "10.0.0.1");
    check("X-Forwarded-For: 192.0.2.1\n", "192.0.2.1");
    check("x-forwarded-for: 192.0.2.1\n", "192.0.2.1");
    check("X-Forwarded-For: 198.51.100.7, 192.0.2.1\n", "192.0.2.1"); /* the left was invented */
    check("X-Forwarded-For: 192.0.2.1, 10.2.2.2,10.3.3.3\n", "192.0.2.1");
    check("X-Forwarded-For: 10.9.9.9, 192.0.2.1, 10.3.3.3\n", "192.0.2.1");
    check("X-Forwarded-For: 192.0.2.1\nX-Forwarded-For: 192.0.2.2\n", "192.0.2.2");
    check("X-Forwarded-For: 2001:db8:2::1\n", "2001:db8:2::1");
    check("X-Forwarded-For: 2001:db8:2::1, 2001:db8:1::9\n", "2001:db8:2::1");
    check_from("unix", "X-Forwarded-For: 192.0.2.1\n", "192.0.2.1");
}

static void of_proxies_alone_the_first_counts(void **state)
{
    (void)state;
    check("X-Forwarded-For: 10.2.2.2, 10.3.3.3\n", "10.2.2.2");
    check("Forwarded: for=10.2.2.2, for=10.3.3.3\n", "10.2.2.2");
}

static void behind_an_entry_that_is_no_address_nothing_is_known(void **state)
{
    (void)state;
    check("X-Forwarded-For: unknown\n", "10.0.0.1");
    check("X-Forwarded-For: 192.0.2.1, unknown\n", "10.0.0.1");
    check("X-Forwarded-For: 192.0.2.1, unknown, 10.4.4.4, 10.5.5.5\n", "10.4.4.4");
    check("X-Forwarded-For: <script>, 192.0.2.1\n", "192.0.2.1");
    check("X-Forwarded-For: ::\n", "10.0.0.1");
    check("Forwarded: for=_hidden, for=10.4.4.4\n", "10.4.4.4");
    check("Forwarded: by=192.0.2.1\n", "10.0.0.1");
}

static void a_port_and_brackets_belong_to_no_address(void **state)
{
    (void)state;
    check("X-Forwarded-For: 192.0.2.1:4711\n", "192.0.2.1");
    check("X-Forwarded-For: [2001:db8:2::1]\n", "2001:db8:2::1");
    check("X-Forwarded-For: [2001:db8:2::1]:4711\n", "2001:db8:2::1");
    check("X-Forwarded-For: [192.0.2.1]:4711\n", "10.0.0.1");
    check("X-Forwarded-For: 192.0.2.1:70000\n", "10.0.0.1");
    check("X-Forwarded-For: [2001:db8:2::1\n", "10.0.0.1");
    check("X-Forwarded-For: [2001:db8:2::1]x\n", "10.0.0.1");
    check("X-Forwarded-For: ,, 192.0.2.1 ,\n", "192.0.2.1");
}

static void forwarded_is_read_as_rfc_7239_has_it(void **state)
{
    (void)state;
    check("Forwarded: for=192.0.2.60;proto=http;by=203.0.113.43\n", "192.0.2.60");
    check("Forwarded: For=\"[2001:db8:cafe::17]:4711\"\n", "2001:db8:cafe::17");
    check("Forwarded: for=192.0.2.43, for=198.51.100.17\n", "198.51.100.17");
    check("Forwarded: for=192.0.2.43\nForwarded: for=10.3.3.3;by=10.0.0.1\n", "192.0.2.43");
    check("Forwarded: proto=https ; for = 192.0.2.1\n", "10.0.0.1"); /* no blanks around = */
    check("Forwarded: host=\"a,b;c\\\"d\";for=192.0.2.1\n", "192.0.2.1");
    check("Forwarded: for=\"192.0.2.1:_port\"\n", "192.0.2.1");
    check("Forwarded: for=192.0.2.1;for=192.0.2.2\n", "10.0.0.1");
    check("Forwarded: for=\"192.0.2.\\1\"\n", "10.0.0.1");
}

static void a_client_that_opens_a_quote_does_not_hide_what_its_proxy_appends(void **state)
{
    (void)state;
    check("Forwarded: for=\", for=192.0.2.1\n", "192.0.2.1");
    check("Forwarded: for=\"x, for=\"[2001:db8:2::1]\"\n", "2001:db8:2::1");
    check("Forwarded: for=\"\\, for=192.0.2.1\n", "192.0.2.1");
    check("Forwarded: ;;;, for=192.0.2.1\n", "192.0.2.1");
    check("Forwarded: for, for=192.0.2.1\n", "192.0.2.1");
}

static void x_forwarded_for_comes_before_forwarded(void **state)
{
    (void)state;
    check("Forwarded: for=198.51.100.1\nX-Forwarded-For: 192.0.2.1\n", "192.0.2.1");
    check("Forwarded: for=198.51.100.1\nX-Forwarded-For: unknown\n", "10.0.0.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_no_trusted_proxy_is_the_client_whatever_it_says),
        cmocka_unit_test(the_last_address_that_is_not_trusted_is_the_client),
        cmocka_unit_test(of_proxies_alone_the_first_counts),
        cmocka_unit_test(behind_an_entry_that_is_no_address_nothing_is_known),
        cmocka_unit_test(a_port_and_brackets_belong_to_no_address),
        cmocka_unit_test(forwarded_is_read_as_rfc_7239_has_it),
        cmocka_unit_test(a_client_that_opens_a_quote_does_not_hide_what_its_proxy_appends),
        cmocka_unit_test(x_forwarded_for_comes_before_forwarded),
    };

    return cmocka_run_group_tests(tests, trust, NULL);
}
