#include "http/query.h"

#include "support/unit.h"

/* "a=1&b" → "[a][1][b][]" */
static void check_pairs(const char *query, const char *should)
{
    char *exact = unit_exact(bytes_of(query));
    struct bytes rest = {exact, strlen(query)};
    struct buffer pairs = {0};
    struct bytes name;
    struct bytes value;

    while (http_query_next(&rest, &name, &value)) {
        assert_non_null(name.data);
        assert_non_null(value.data);
        buffer_printf(&pairs, "[%.*s][%.*s]", BYTES_ARGS(name), BYTES_ARGS(value));
    }
    assert_bytes_equal(buffer_bytes(&pairs), bytes_of(should));
    buffer_deinit(&pairs);
    free(exact);
}

static void a_query_falls_into_its_parameters(void **state)
{
    (void)state;
    check_pairs("", "");
    check_pairs("a=1", "[a][1]");
    check_pairs("a=1&b=2&a=3", "[a][1][b][2][a][3]");
    check_pairs("a", "[a][]");
    check_pairs("a=", "[a][]");
    check_pairs("=1", "[][1]");
    check_pairs("=", "[][]");
    check_pairs("a=b=c", "[a][b=c]");
    check_pairs("&&a=1&&&b=2&", "[a][1][b][2]");
    check_pairs("&", "");
    check_pairs("a%3D=%26", "[a%3D][%26]");
}

static void check_decoded(const char *text, bool plus_is_space, const char *should)
{
    char *exact = unit_exact(bytes_of(text));
    struct buffer out = {0};

    http_query_decode(&out, (struct bytes){exact, strlen(text)}, plus_is_space);
    assert_bytes_equal(buffer_bytes(&out), bytes_of(should));
    buffer_deinit(&out);
    free(exact);
}

static void percent_escapes_are_resolved_and_what_is_none_stays(void **state)
{
    (void)state;
    check_decoded("", true, "");
    check_decoded("a%20b", true, "a b");
    check_decoded("%41%6a%6A", true, "Ajj");
    check_decoded("%c3%A4", true, "\xc3\xa4");
    check_decoded("%", true, "%");
    check_decoded("%4", true, "%4");
    check_decoded("a%4", true, "a%4");
    check_decoded("%zz", true, "%zz");
    check_decoded("%4z", true, "%4z");
    check_decoded("%%41", true, "%A");
    check_decoded("%25%34%31", true, "%41");
    check_decoded("a+b", true, "a b");
    check_decoded("a+b", false, "a+b");
    check_decoded("%2B", true, "+");
}

static void every_byte_can_be_escaped(void **state)
{
    struct buffer out = {0};

    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        char text[4];

        snprintf(text, sizeof text, byte % 2 ? "%%%02x" : "%%%02X", byte);
        buffer_clear(&out);
        http_query_decode(&out, bytes_of(text), true);
        assert_int_equal(out.len, 1);
        assert_int_equal((unsigned char)out.data[0], byte);
    }
    buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_falls_into_its_parameters),
        cmocka_unit_test(percent_escapes_are_resolved_and_what_is_none_stays),
        cmocka_unit_test(every_byte_can_be_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
