#include "net/proxy_header.h"

#include "support/unit.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define TCP4 "\xc0\0\2\1\xc6\x33\x64\1\x12\x67\1\xbb"
#define V6_CLIENT "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"
#define V6_SERVER "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define TCP6 V6_CLIENT V6_SERVER "\x12\x67\1\xbb"

/* `client` NULL: it names none. Each beginning of it is too short, and what is behind it does not
 * count. */
static void check(struct bytes text, const char *client)
{
    struct buffer longer = {0};
    struct net_proxy_header header;
    char out[IP_TEXT_LEN_MAX];

    for (size_t len = 0; len < text.len; len++) {
        char *exact = malloc(len + 1);

        assert_non_null(exact);
        memcpy(exact, text.data, len);
        assert_int_equal(net_proxy_header_parse((struct bytes){exact, len}, &header), 0);
        free(exact);
    }
    assert_int_equal(net_proxy_header_parse(text, &header), text.len);
    assert_int_equal(header.has_client, client != NULL);
    buffer_append_bytes(&longer, text);
    buffer_append_text(&longer, "\r\n\x16\x03\x01GET / HTTP/1.1\r\n");
    assert_int_equal(net_proxy_header_parse(buffer_bytes(&longer), &header), text.len);
    assert_int_equal(header.has_client, client != NULL);
    buffer_deinit(&longer);
    if (client == NULL)
        return;
    ip_write(&header.client, out);
    assert_string_equal(out, client);
}

#define CHECK_HEADER(literal, client) check(BYTES(literal), client)

static void check_none(struct bytes text)
{
    struct net_proxy_header header;

    assert_int_equal(net_proxy_header_parse(text, &header), -1);
}

#define CHECK_NONE(literal) check_none(BYTES(literal))

static void version_1_names_the_client(void **state)
{
    (void)state;
    CHECK_HEADER("PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n", "192.0.2.1");
    CHECK_HEADER("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255");
    CHECK_HEADER("PROXY TCP4 192.0.2.1 198.51.100.1 0 0\r\n", "192.0.2.1");
    CHECK_HEADER("PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n", "2001:db8::7");
    CHECK_HEADER("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe "
                 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
                 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
    CHECK_HEADER("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.1 4711 443\r\n", "192.0.2.1");
}

static void version_1_may_name_nobody(void **state)
{
    (void)state;
    CHECK_HEADER("PROXY UNKNOWN\r\n", NULL);
    CHECK_HEADER("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
                 NULL);
    CHECK_HEADER("PROXY UNKNOWN whatever  it is\r\n", NULL);
}

static void version_1_is_strict(void **state)
{
    (void)state;
    CHECK_NONE("PROXY \r\n");
    CHECK_NONE("PROXY UDP4 192.0.2.1 198.51.100.1 4711 443\r\n");
    CHECK_NONE("PROXY UNKNOWNS\r\n");
    CHECK_NONE("PROXY tcp4 192.0.2.1 198.51.100.1 4711 443\r\n");
    CHECK_NONE("PROXY TCP4 192.0.2.1 198.51.100.1 4711\r\n");
    CHECK_NONE("PROXY TCP4 192.0.2.1 198.51.100.1 4711 443 \r\n");
    CHECK_NONE("PROXY TCP4 192.0.2.1 198.51.100.1 4711 443 1\r\n");
    CHECK_NONE("PROXY TCP4  192.0.2.1 198.51.100.1 4711 443\r\n");
    CHECK_NONE("PROXY  TCP4 192.0.2.1 198.51.100.1 4711 443\r\n");
    CHECK_NONE("PROXY TCP4 192.0.2.1 198.51.100.1 04711 443\r\n");
    CHECK_NONE("PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n");
    CHECK_NONE("PROXY TCP4 192.0.2.1 198.51.100.1 +1 443\r\n");
    CHECK_NONE("PROXY TCP4 192.0.2 198.51.100.1 4711 443\r\n");
    CHECK_NONE("PROXY TCP4 192.0.2.1\0 198.51.100.1 4711 443\r\n");
    CHECK_NONE("PROXY TCP4 192.0.2.1 proxy.local 4711 443\r\n");
    CHECK_NONE("PROXY TCP4 2001:db8::7 2001:db8::1 4711 443\r\n");
    CHECK_NONE("PROXY TCP6 192.0.2.1 198.51.100.1 4711 443\r\n");
    CHECK_NONE("PROXY TCP6 :: 2001:db8::1 4711 443\r\n");
}

/* A line of that length, its end included. */
static void line_of(struct buffer *line, size_t len)
{
    buffer_clear(line);
    buffer_append_text(line, "PROXY UNKNOWN ");
    while (line->len < len - 2)
        buffer_append_char(line, 'x');
    buffer_append_text(line, "\r\n");
}

static void a_line_of_version_1_ends_in_time_and_as_it_should(void **state)
{
    struct buffer line = {0};

    (void)state;
    CHECK_NONE("PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\n");
    CHECK_NONE("PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\r\n");
    CHECK_NONE("PROXY UNKNOWN\rx");
    line_of(&line, 107);
    check(buffer_bytes(&line), NULL);
    line_of(&line, 108);
    check_none((struct bytes){line.data, 107});
    check_none(buffer_bytes(&line));
    buffer_deinit(&line);
}

static void version_2_names_the_client(void **state)
{
    (void)state;
    CHECK_HEADER(SIGNATURE "\x21\x11\0\x0c" TCP4, "192.0.2.1");
    CHECK_HEADER(SIGNATURE "\x21\x21\0\x24" TCP6, "2001:db8::7");
}

static void version_2_may_name_nobody(void **state)
{
    struct buffer of_unix = {0};

    (void)state;
    CHECK_HEADER(SIGNATURE "\x20\0\0\0", NULL);
    CHECK_HEADER(SIGNATURE "\x20\x11\0\x0c" TCP4, NULL); /* LOCAL: what stands there is nothing */
    CHECK_HEADER(SIGNATURE "\x20\xff\0\1x", NULL);
    CHECK_HEADER(SIGNATURE "\x21\0\0\0", NULL); /* AF_UNSPEC */
    CHECK_HEADER(SIGNATURE "\x21\0\0\3abc", NULL);
    CHECK_HEADER(SIGNATURE "\x21\x12\0\x0c" TCP4, NULL); /* datagrams */
    CHECK_HEADER(SIGNATURE "\x21\x10\0\x0c" TCP4, NULL);
    buffer_append_bytes(&of_unix, BYTES(SIGNATURE "\x21\x31\0\xd8"));
    memset(buffer_reserve(&of_unix, 216), 'p', 216);
    of_unix.len += 216;
    check(buffer_bytes(&of_unix), NULL);
    buffer_deinit(&of_unix);
}

static void extensions_are_passed_over(void **state)
{
    (void)state;
    CHECK_HEADER(SIGNATURE "\x21\x11\0\x15" TCP4 "\1\0\2h2"
                           "\4\0\1\0",
                 "192.0.2.1");
    /* a checksum (0x03) that is wrong */
    CHECK_HEADER(SIGNATURE "\x21\x11\0\x13" TCP4 "\3\0\4\xde\xad\xbe\xef", "192.0.2.1");
    CHECK_HEADER(SIGNATURE "\x21\x21\0\x25" TCP6 "\xff", "2001:db8::7"); /* cut off */
}

static void version_2_is_strict(void **state)
{
    (void)state;
    CHECK_NONE(SIGNATURE "\x11\x11\0\x0c" TCP4); /* version 1 */
    CHECK_NONE(SIGNATURE "\x31\x11\0\x0c" TCP4);
    CHECK_NONE(SIGNATURE "\x22\x11\0\x0c" TCP4); /* no command */
    CHECK_NONE(SIGNATURE "\x21\x41\0\x0c" TCP4); /* no family */
    CHECK_NONE(SIGNATURE "\x21\x13\0\x0c" TCP4); /* no transport */
    CHECK_NONE(SIGNATURE "\x21\x11\0\x0b" TCP4);
    CHECK_NONE(SIGNATURE "\x21\x21\0\x23" TCP6);
    CHECK_NONE(SIGNATURE "\x21\x31\0\xd7");
    /* :: would be the peer of a Unix socket. */
    CHECK_NONE(SIGNATURE "\x21\x21\0\x24\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" V6_SERVER "\1\1\1\1");
}

static void a_long_header_is_refused_by_its_head(void **state)
{
    struct net_proxy_header header;

    (void)state;
    assert_int_equal(net_proxy_header_parse(BYTES(SIGNATURE "\x21\x11\x0f\xf0"), &header), 0);
    CHECK_NONE(SIGNATURE "\x21\x11\x0f\xf1");
    CHECK_NONE(SIGNATURE "\x20\0\xff\xff");
}

static void anything_else_is_none_from_its_first_byte_on(void **state)
{
    (void)state;
    CHECK_NONE("G");
    CHECK_NONE("\x16");
    CHECK_NONE("PROXy");
    CHECK_NONE("PROXY\t");
    CHECK_NONE("\r\n\r\n\0\r\nQUIT\r");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_1_names_the_client),
        cmocka_unit_test(version_1_may_name_nobody),
        cmocka_unit_test(version_1_is_strict),
        cmocka_unit_test(a_line_of_version_1_ends_in_time_and_as_it_should),
        cmocka_unit_test(version_2_names_the_client),
        cmocka_unit_test(version_2_may_name_nobody),
        cmocka_unit_test(extensions_are_passed_over),
        cmocka_unit_test(version_2_is_strict),
        cmocka_unit_test(a_long_header_is_refused_by_its_head),
        cmocka_unit_test(anything_else_is_none_from_its_first_byte_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
