#include "http/chunked.h"

#include "support/unit.h"

#define LEN_MAX 1000
/* A body stands behind a head. */
#define HEAD "the head"
#define HEAD_LEN (sizeof HEAD - 1)

/* Reads the first `len` bytes, in memory of their own. */
static ssize_t read_on(struct http_chunked *chunked, struct bytes text, size_t len,
                       struct buffer *body)
{
    char *exact = unit_exact((struct bytes){text.data, len});
    const ssize_t result = http_chunked_parse(chunked, (struct bytes){exact, len}, LEN_MAX, body);

    free(exact);
    return result;
}

/* "12 body", "0 more" or "400 why", as far as `text` is read in two pieces, the first of `first`
 * bytes, or byte by byte where that is 0. */
static void read_in_pieces(struct bytes text, size_t first, struct buffer *said)
{
    struct http_chunked chunked;
    struct buffer body = {0};
    size_t len = first > 0 ? first : HEAD_LEN;
    ssize_t result;

    http_chunked_init(&chunked, HEAD_LEN);
    while ((result = read_on(&chunked, text, len, &body)) == 0 && len < text.len)
        len = first > 0 ? text.len : len + 1;
    buffer_clear(said);
    if (result < 0)
        buffer_printf(said, "%zd %s", -result, chunked.fault);
    else if (result == 0)
        buffer_append_text(said, "0 more");
    else
        buffer_printf(said, "%zd %.*s", result - (ssize_t)HEAD_LEN,
                      BYTES_ARGS(buffer_bytes(&body)));
    buffer_deinit(&body);
}

/* What is said of `text`, however it comes. The caller's to deinit. */
static struct buffer said_of(struct bytes text)
{
    struct buffer whole = {0};
    struct buffer pieces = {0};

    read_in_pieces(text, text.len, &whole);
    for (size_t first = HEAD_LEN - 1; first < text.len; first++) {
        read_in_pieces(text, first < HEAD_LEN ? 0 : first, &pieces);
        if (!bytes_equal(buffer_bytes(&whole), buffer_bytes(&pieces)))
            print_error("%.*s\nwith a first piece of %zu\n", BYTES_ARGS(text), first);
        assert_bytes_equal(buffer_bytes(&pieces), buffer_bytes(&whole));
    }
    buffer_deinit(&pieces);
    return whole;
}

struct one {
    struct bytes text;
    const char *said; /* how it begins, of a refusal the status; and what it holds */
    const char *why;
};

static void check(const struct one *all, size_t count)
{
    size_t wrong_count = 0;

    for (size_t i = 0; i < count; i++) {
        struct buffer said = said_of(all[i].text);

        if (!bytes_starts_with(buffer_bytes(&said), bytes_of(all[i].said)) ||
            !unit_has(buffer_bytes(&said), bytes_of(all[i].why))) {
            print_error("%.*s\nis: %s\nshould: %s%s\n", BYTES_ARGS(all[i].text), buffer_text(&said),
                        all[i].said, all[i].why);
            wrong_count++;
        }
        buffer_deinit(&said);
    }
    assert_int_equal(wrong_count, 0);
}

#define CHECK_ALL(...)                                  \
    do {                                                \
        static const struct one all_[] = {__VA_ARGS__}; \
        check(all_, sizeof all_ / sizeof all_[0]);      \
    } while (0)

#define BODY(literal) BYTES(HEAD literal)
#define HELLO "5\r\nhello\r\n"

static void chunks_are_put_together(void **state)
{
    (void)state;
    CHECK_ALL({BODY("0\r\n\r\n"), "5 ", ""}, {BODY(HELLO "0\r\n\r\n"), "15 hello", ""},
              {BODY(HELLO "0\r\n\r\nbehind"), "15 hello", ""},
              {BODY("1\r\n\r\r\n2\r\n\r\n\r\n1\r\n\n\r\n000\r\n\r\n"), "26 \r\r\n\n", ""},
              {BODY("0000000A\r\n0123456789\r\n0\r\n\r\n"), "27 0123456789", ""},
              {BODY("a\r\n0123456789\r\n3\r\nabc\r\n0\r\n\r\n"), "28 0123456789abc", ""});
}

static void what_stands_behind_a_size_is_passed_over(void **state)
{
    (void)state;
    CHECK_ALL(
        {BODY("5;a=b;c=\"d;e\"\r\nhello\r\n0;last\r\n\r\n"), "32 hello", ""},
        {BODY("5 \t;\t a\r\nhello\r\n0\r\n\r\n"), "21 hello", ""},
        {BODY("5;a = b ; c\t=\t\"\"\r\nhello\r\n0\r\n\r\n"), "30 hello", ""},
        {BODY("5;a=\"\\\"\x80 of more than sixteen\"\r\nhello\r\n0\r\n\r\n"), "44 hello", ""});
}

static void what_is_no_extension_is_refused(void **state)
{
    static const char *const wrong[] = {
        "5 ",       "5\t",   "5;",      "5; ",        "5;;a",    "5;a;",        "5;@[]=x", "5;a ",
        "5;a=",     "5;a= ", "5;a=b c", "5;a=b ",     "5;a=\"b", "5;a=\"b\\\"", "5;=b",    "5;\x80",
        "5;a=\x80", "5;a b", "5 a",     "5;a=\"b\"c", "5;a==b",  "5;a,b",       "0;",      "0 "};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct buffer text = {0};

        buffer_printf(&text, HEAD "%s\r\nhello\r\n0\r\n\r\n", wrong[i]);
        check(&(struct one){buffer_bytes(&text), "400 Bad", "semicolon"}, 1);
        buffer_deinit(&text);
    }
}

static void trailers_are_dropped(void **state)
{
    (void)state;
    CHECK_ALL({BODY(HELLO "0\r\nX: a\r\nHost: y\r\nZ:\r\n\r\n"), "34 hello", ""});
}

static void sizes_of_two_meanings_are_refused(void **state)
{
    (void)state;
    CHECK_ALL({BODY("\r\n"), "400 Bad", "size"}, {BODY("z"), "400 Bad", "size"},
              {BODY("-1"), "400 Bad", "size"}, {BODY("+1"), "400 Bad", "size"},
              {BODY(" 5\r\n"), "400 Bad", "size"}, {BODY(";\r\n"), "400 Bad", "size"},
              {BODY("123456789"), "400 Bad", "8 hex digits"},
              {BODY("000000000"), "400 Bad", "8 hex digits"},
              {BODY("0x5\r\n"), "400 Bad", "semicolon"}, {BODY("5g\r\n"), "400 Bad", "semicolon"},
              {BODY("5 5\r\n"), "400 Bad", "semicolon"}, {BODY("5,5\r\n"), "400 Bad", "semicolon"},
              {BODY("5\n"), "400 Bad", "LF alone"}, {BODY("5\rh"), "400 Bad", "CR alone"},
              {BODY("5;a\n"), "400 Bad", "LF alone"}, {BODY("5;a\rb"), "400 Bad", "CR alone"},
              {BODY("5;\x01"), "400 Bad", "control"},
              {{HEAD "5;\0", HEAD_LEN + 3}, "400 Bad", "control"},
              {BODY(HELLO "\r\n"), "400 Bad", "size"}, {BODY("5\x0b\r\n"), "400 Bad", "control"});
}

static void chunks_of_another_length_are_refused(void **state)
{
    (void)state;
    CHECK_ALL({BODY("5\r\nhellox"), "400 Bad", "as long as"},
              {BODY("5\r\nhello\n"), "400 Bad", "as long as"},
              {BODY("5\r\nhello\rx"), "400 Bad", "CR alone"},
              {BODY("5\r\nhello0\r\n\r\n"), "400 Bad", "as long as"},
              {BODY("5\r\nhell\r\n0\r\n\r\n"), "400 Bad", "as long as"});
}

static void wrong_trailers_are_refused(void **state)
{
    (void)state;
    CHECK_ALL({BODY("0\r\nX\r\n"), "400 Bad", "colon"}, {BODY("0\r\n a: b\r\n"), "400 Bad", "line"},
              {BODY("0\r\nX : b\r\n"), "400 Bad", "colon"},
              {BODY("0\r\nX: b\n"), "400 Bad", "LF alone"},
              {BODY("0\r\nX: \x7f"), "400 Bad", "control"},
              {BODY("0\r\n\rx"), "400 Bad", "CR alone"}, {BODY("0\r\n\n"), "400 Bad", "a name"},
              {BODY("0\r\nContent-Length: 5\r\n"), "400 Bad", "no trailers"},
              {BODY("0\r\ntransfer-encoding: chunked\r\n"), "400 Bad", "no trailers"});
}

static void what_has_not_ended_waits(void **state)
{
    (void)state;
    CHECK_ALL({BODY(""), "0 more", ""}, {BODY("5"), "0 more", ""}, {BODY("5\r"), "0 more", ""},
              {BODY("5;"), "0 more", ""}, {BODY("5\r\nhell"), "0 more", ""},
              {BODY("5\r\nhello\r"), "0 more", ""}, {BODY(HELLO "0\r\n"), "0 more", ""},
              {BODY(HELLO "0\r\nX: a\r\n"), "0 more", ""}, {BODY(HELLO "0\r\n\r"), "0 more", ""});
}

/* Of LEN_MAX bytes, 8 are the head, 5 the line before a chunk of more than 255. */
static void a_chunk_beyond_the_limit_is_refused_before_it_comes(void **state)
{
    (void)state;
    CHECK_ALL({BODY("3db\r\n"), "0 more", ""}, {BODY("3dc\r\n"), "413 Payload", "too large"},
              {BODY("ffffffff\r\n"), "413 Payload", "too large"},
              {BODY(HELLO "3d2\r\n"), "413 Payload", "too large"});
}

/* What was searched once is not looked at again: it may be spoilt. */
static void check_searched_once(const char *start, const char *end)
{
    struct buffer text = {0};
    struct buffer body = {0};
    struct http_chunked chunked;

    http_chunked_init(&chunked, HEAD_LEN);
    buffer_append_text(&text, start);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(http_chunked_parse(&chunked, buffer_bytes(&text), LEN_MAX, &body), 0);
        memset(text.data + strlen(start), 1, text.len - strlen(start));
        buffer_append_char(&text, 'a');
    }
    buffer_append_text(&text, end);
    assert_int_equal(http_chunked_parse(&chunked, buffer_bytes(&text), LEN_MAX, &body), text.len);
    buffer_deinit(&text);
    buffer_deinit(&body);
}

static void a_body_that_comes_byte_by_byte_is_searched_once(void **state)
{
    (void)state;
    check_searched_once(HEAD "64\r\n", "\r\n0\r\n\r\n");
    check_searched_once(HEAD "0\r\nX", ":\r\n\r\n");
    check_searched_once(HEAD "0\r\nX: a\r\nY:", "\r\n\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_are_put_together),
        cmocka_unit_test(what_stands_behind_a_size_is_passed_over),
        cmocka_unit_test(what_is_no_extension_is_refused),
        cmocka_unit_test(trailers_are_dropped),
        cmocka_unit_test(sizes_of_two_meanings_are_refused),
        cmocka_unit_test(chunks_of_another_length_are_refused),
        cmocka_unit_test(wrong_trailers_are_refused),
        cmocka_unit_test(what_has_not_ended_waits),
        cmocka_unit_test(a_chunk_beyond_the_limit_is_refused_before_it_comes),
        cmocka_unit_test(a_body_that_comes_byte_by_byte_is_searched_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
