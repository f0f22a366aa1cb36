#include "http/head.h"

#include "support/unit.h"

/* What has come of a head: "200 GET /up? 1.1 {Host=x;} length 0, keeps alive", or its refusal. */
static void describe(struct buffer *said, const struct http_head *head, ssize_t result,
                     const char *text)
{
    struct http_request request;

    buffer_clear(said);
    if (result <= 0) {
        buffer_printf(said, "%zd %s", -result, result < 0 ? head->fault : "more");
        return;
    }
    http_head_fill(head, text, &request);
    buffer_printf(said, "%.*s %.*s?%.*s 1.%u {", BYTES_ARGS(request.method),
                  BYTES_ARGS(request.path), BYTES_ARGS(request.query), request.version_minor);
    for (size_t i = 0; i < request.headers_count; i++)
        buffer_printf(said, "%.*s=%.*s;", BYTES_ARGS(request.headers[i].name),
                      BYTES_ARGS(request.headers[i].value));
    buffer_printf(said, "} %zd", result);
    if (head->is_chunked)
        buffer_append_text(said, " chunked");
    if (head->content_length > 0)
        buffer_printf(said, " length %llu", (unsigned long long)head->content_length);
    if (!head->keeps_alive)
        buffer_append_text(said, " closes");
    if (head->expects_continue)
        buffer_append_text(said, " waits");
}

/* Reads the first `len` bytes, in memory of their own. */
static ssize_t read_on(struct http_head *head, struct bytes text, size_t len, struct buffer *said)
{
    char *exact = unit_exact((struct bytes){text.data, len});
    const ssize_t result = http_head_parse(head, (struct bytes){exact, len});

    describe(said, head, result, exact);
    free(exact);
    return result;
}

static void read_whole(struct bytes text, struct buffer *said)
{
    struct http_head head;

    http_head_init(&head);
    read_on(&head, text, text.len, said);
}

/* In two pieces, the first of `first` bytes, or byte by byte where that is 0. */
static void read_in_pieces(struct bytes text, size_t first, struct buffer *said)
{
    struct http_head head;
    size_t len = first > 0 ? first : 1;

    http_head_init(&head);
    while (read_on(&head, text, len, said) == 0 && len < text.len)
        len = first > 0 ? text.len : len + 1;
}

/* What is said of `text`, however it comes. The caller's to deinit. */
static struct buffer said_of(struct bytes text)
{
    struct buffer whole = {0};
    struct buffer pieces = {0};

    read_whole(text, &whole);
    for (size_t first = 0; first < text.len; first++) {
        read_in_pieces(text, first, &pieces);
        if (!bytes_equal(buffer_bytes(&whole), buffer_bytes(&pieces)))
            print_error("%.*s\nwith a first piece of %zu\n", BYTES_ARGS(text), first);
        assert_bytes_equal(buffer_bytes(&pieces), buffer_bytes(&whole));
    }
    buffer_deinit(&pieces);
    return whole;
}

static void check(struct bytes text, const char *should)
{
    struct buffer said = said_of(text);

    assert_bytes_equal(buffer_bytes(&said), bytes_of(should));
    buffer_deinit(&said);
}

/* Refused so, with a sentence that holds `why`. */
static size_t is_refused(struct bytes text, const char *status, const char *why)
{
    struct buffer said = said_of(text);
    const bool is_right =
        bytes_starts_with(buffer_bytes(&said), bytes_of(status)) &&
        unit_has(buffer_bytes(&said), bytes_of(why)) &&
        (strcmp(status, "400 ") != 0 || unit_has(buffer_bytes(&said), BYTES("400 Bad request: ")));

    if (!is_right)
        print_error("%.*s\nis: %s\nshould: %s%s\n", BYTES_ARGS(text), buffer_text(&said), status,
                    why);
    buffer_deinit(&said);
    return is_right ? 0 : 1;
}

struct refusal {
    struct bytes text;
    const char *why;
};

#define CHECK_REFUSED(status, ...)                                            \
    do {                                                                      \
        static const struct refusal all_[] = {__VA_ARGS__};                   \
        size_t wrong_count = 0;                                               \
        for (size_t i = 0; i < sizeof all_ / sizeof all_[0]; i++)             \
            wrong_count += is_refused(all_[i].text, status " ", all_[i].why); \
        assert_int_equal(wrong_count, 0);                                     \
    } while (0)

/* --- what is taken -------------------------------------------------------------------------- */

static void a_head_is_cut_into_its_parts(void **state)
{
    (void)state;
    check(BYTES("GET /up HTTP/1.1\r\nHost: x\r\n\r\n"), "GET /up? 1.1 {Host=x;} 29");
    check(
        BYTES("POST /apps/1/events?a=1&b=2 HTTP/1.1\r\nhOST:x:80\r\nContent-Length: 12\r\n"
              "X-Empty:\r\nX-Blank:  \t \r\nX_odd!#$%&'*+.^`|~1: \t a  b\t\xc3\xa9 \t\r\n\r\nbody"),
        "POST /apps/1/events?a=1&b=2 1.1 {hOST=x:80;Content-Length=12;X-Empty=;X-Blank=;"
        "X_odd!#$%&'*+.^`|~1=a  b\t\xc3\xa9;} 129 length 12");
    check(BYTES("M-SEARCH * HTTP/1.0\r\n\r\n"), "M-SEARCH *? 1.0 {} 23 closes");
    check(BYTES("GET /%c3%A9;@:?[]=/? HTTP/1.7\r\nHost:\r\n\r\n"),
          "GET /%c3%A9;@:?[]=/? 1.7 {Host=;} 40");
}

static void empty_lines_before_a_request_are_passed_over(void **state)
{
    (void)state;
    check(BYTES("\r\n\r\nGET /up HTTP/1.1\r\nHost: x\r\n\r\n"), "GET /up? 1.1 {Host=x;} 33");
    check(BYTES("\r\n\r\n\r"), "0 more");
}

static void a_url_as_target_means_its_path(void **state)
{
    static const char *const targets[][2] = {
        {"http://x.example/a/b?c=d", "/a/b?c=d"},
        {"HTTPS://x.example:8080/", "/?"},
        {"http://[::1]:80", "/?"},
        {"http://x.example?c=d", "/?c=d"},
        {"/http://x/y?z", "/http://x/y?z"},
        {"/a?b=://c/d", "/a?b=://c/d"},
        {"/a??b?c", "/a??b?c"},
        {"/?", "/?"},
        {"//x", "//x?"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct buffer text = {0};
        struct buffer should = {0};

        buffer_printf(&text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", targets[i][0]);
        buffer_printf(&should, "GET %s 1.1 {Host=x;} %zu", targets[i][1], text.len);
        check(buffer_bytes(&text), buffer_text(&should));
        buffer_deinit(&text);
        buffer_deinit(&should);
    }
}

#define NEW "GET / HTTP/1.1\r\nHost: x\r\n"
#define OLD "GET / HTTP/1.0\r\n"

static bool keeps_alive(struct bytes text)
{
    struct buffer said = said_of(text);
    const bool closes = unit_has(buffer_bytes(&said), BYTES(" closes"));

    assert_true(bytes_starts_with(buffer_bytes(&said), BYTES("GET ")));
    buffer_deinit(&said);
    return !closes;
}

static void a_connection_is_kept_as_version_and_header_say(void **state)
{
    (void)state;
    assert_true(keeps_alive(BYTES(NEW "\r\n")));
    assert_true(keeps_alive(BYTES(NEW "Connection: keep-alive, Upgrade\r\n\r\n")));
    assert_true(keeps_alive(BYTES(NEW "Connection: closed\r\n\r\n")));
    assert_true(keeps_alive(BYTES(NEW "X-Connectio: close\r\nConnectiox: close\r\n\r\n")));
    assert_false(keeps_alive(BYTES(NEW "Connection: close\r\n\r\n")));
    assert_false(keeps_alive(BYTES(NEW "connection: a ,\tCLOSE , b\r\n\r\n")));
    assert_false(keeps_alive(BYTES(NEW "Connection: a\r\nConnection: close\r\n\r\n")));
    assert_false(keeps_alive(BYTES(OLD "\r\n")));
    assert_true(keeps_alive(BYTES(OLD "Connection: Keep-Alive\r\n\r\n")));
    assert_false(keeps_alive(BYTES(OLD "Connection: keep-alive, close\r\n\r\n")));
}

static void a_body_is_told_of(void **state)
{
    (void)state;
    check(BYTES(NEW "Content-Length: 0\r\n\r\n"), "GET /? 1.1 {Host=x;Content-Length=0;} 46");
    check(BYTES(NEW "Content-Length: 007\r\n\r\n"),
          "GET /? 1.1 {Host=x;Content-Length=007;} 48 length 7");
    check(BYTES(NEW "Transfer-encoding:Chunked\r\n\r\n"),
          "GET /? 1.1 {Host=x;Transfer-encoding=Chunked;} 54 chunked");
    check(BYTES(NEW "Transfer-Encoding:  chunked  \r\n\r\n"),
          "GET /? 1.1 {Host=x;Transfer-Encoding=chunked;} 58 chunked");
    check(BYTES(NEW "Transfer-Encoding: , chunked\r\n\r\n"),
          "GET /? 1.1 {Host=x;Transfer-Encoding=, chunked;} 57 chunked");
    check(BYTES(NEW "Transfer-Encoding: ,,chunked , \r\n\r\n"),
          "GET /? 1.1 {Host=x;Transfer-Encoding=,,chunked ,;} 60 chunked");
    check(BYTES(NEW "Content-Length: 99999999999999999999999\r\n\r\n"),
          "GET /? 1.1 {Host=x;Content-Length=99999999999999999999999;} 68 "
          "length 18446744073709551615");
}

static void who_waits_for_100_is_known(void **state)
{
    (void)state;
    check(BYTES(NEW "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n"),
          "GET /? 1.1 {Host=x;Expect=100-Continue;Content-Length=1;} 68 length 1 waits");
    check(BYTES(NEW "Expect: 101\r\n\r\n"), "GET /? 1.1 {Host=x;Expect=101;} 40");
    check(BYTES(OLD "Expect: 100-continue\r\n\r\n"), "GET /? 1.0 {Expect=100-continue;} 40 closes");
}

/* --- what is refused ------------------------------------------------------------------------ */

static void what_begins_otherwise_is_refused_at_once(void **state)
{
    (void)state;
    CHECK_REFUSED("400", {BYTES("\x16\x03\x01\x02"), "begin with a method"}, /* TLS */
                  {BYTES("\x80"), "method"}, {BYTES("{"), "method"}, {BYTES(" GET"), "method"},
                  {BYTES("g"), "capitals"}, {BYTES("Get"), "capitals"}, {BYTES("G_T"), "method"},
                  {BYTES("GET\r\n"), "one space"}, {BYTES("GET\t/"), "one space"},
                  {BYTES("SSH-2.0"), "method"}, {BYTES("\n"), "method"},
                  {BYTES("\r\n\n"), "method"}, {BYTES("\rG"), "CR alone"}, {{"\0", 1}, "method"},
                  {BYTES("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "method"});
}

static void a_wrong_target_is_refused(void **state)
{
    (void)state;
    CHECK_REFUSED("400", {BYTES("GET  /"), "target"}, {BYTES("GET /\r\n"), "space and the version"},
                  {BYTES("GET /\n"), "version"}, {BYTES("GET /\ta "), "version"},
                  {BYTES("GET /\x01"), "version"}, {BYTES("GET /\x7f"), "version"},
                  {{"GET /\0", 6}, "version"}, {BYTES("GET up "), "a path"},
                  {BYTES("GET ?a "), "a path"}, {BYTES("GET /a#b "), "a path"},
                  {BYTES("GET /%4 "), "escaped"}, {BYTES("GET /% "), "escaped"},
                  {BYTES("GET /a%zz "), "escaped"}, {BYTES("GET /?a=%4z "), "escaped"},
                  {BYTES("GET /?0123456789abcdef0123456789abcd% "), "escaped"},
                  {BYTES("GET /a[]?b "), "escaped"}, {BYTES("GET /\xc3\xa9 "), "escaped"},
                  {BYTES("GET *a "), "a path"}, {BYTES("CONNECT host:80 "), "a path"},
                  {BYTES("GET http:/a "), "a URL"},
                  {BYTES("GET http://"
                         " "),
                   "with a host"},
                  {BYTES("GET http:///a "), "with a host"}, {BYTES("GET http://u@h/ "), "a host"},
                  {BYTES("GET ://h/ "), "a URL"}, {BYTES("GET h2://h/ "), "a URL"},
                  {BYTES("GET http://h\xc3\xa9/ "), "a host"}, {BYTES("GET http://?a "), "a host"});
}

static void a_wrong_version_is_refused(void **state)
{
    (void)state;
    CHECK_REFUSED("400", {BYTES("GET / \r\n"), "HTTP/1.1"}, {BYTES("GET / H\r\n"), "CR LF"},
                  {BYTES("GET /  HTTP/1.1\r\n"), "HTTP/1.1"}, {BYTES("GET / http/1.1\r\n"), "HTTP"},
                  {BYTES("GET / HTTP/1\r\n"), "HTTP/1.1"}, {BYTES("GET / HTTP/1.10\r\n"), "CR LF"},
                  {BYTES("GET / HTTP/11\r\n"), "HTTP/1.1"}, {BYTES("GET / HTTP/1,1\r\n"), "HTTP"},
                  {BYTES("GET / HTTP/a.1\r\n"), "HTTP"}, {BYTES("GET / HTTP/1.a\r\n"), "HTTP"},
                  {BYTES("GET / HTTP/1.1 \r\n"), "CR LF"}, {BYTES("GET / HTTP/1.1\n"), "CR LF"},
                  {BYTES("GET / HTTP/1.1\r\r"), "CR LF"}, {BYTES("GET / a HTTP/1.1"), "first line"},
                  {BYTES("GET / HTTPS/1.1\r\n"), "HTTP"});
    CHECK_REFUSED("505", {BYTES("GET / HTTP/2.0\r\n"), "HTTP/1.1 or 1.0"},
                  {BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "HTTP/1.1 or 1.0"},
                  {BYTES("GET / HTTP/0.9\r\n"), "HTTP/1.1 or 1.0"});
}

static void a_wrong_field_line_is_refused(void **state)
{
    (void)state;
    CHECK_REFUSED(
        "400", {BYTES(NEW " a: b\r\n"), "one line"}, {BYTES(NEW "\ta: b\r\n"), "one line"},
        {BYTES(NEW "X: a\r\n b\r\n"), "folded"}, {BYTES(NEW ": b\r\n"), "a name"},
        {BYTES(NEW "X : b\r\n"), "right behind"}, {BYTES(NEW "X\t: b\r\n"), "a colon"},
        {BYTES(NEW "X Y: b\r\n"), "a colon"}, {BYTES(NEW "X\r\n"), "a colon"},
        {BYTES(NEW "X\n"), "a colon"}, {BYTES(NEW "X\xc3\xa9: b\r\n"), "a name"},
        {BYTES(NEW "X(: b\r\n"), "a name"}, {BYTES(NEW "X\x01: b\r\n"), "a name"},
        {{NEW "X\0: b\r\n", sizeof NEW + 7}, "a name"},
        {BYTES(NEW "A-name-of-more-than-16/: b"), "a name"}, {BYTES(NEW "X: b\n"), "LF alone"},
        {BYTES(NEW "X: b\rc"), "CR alone"}, {BYTES(NEW "X: b\r\r\n"), "CR alone"},
        {BYTES(NEW "X: \x01"), "control"}, {BYTES(NEW "X: b\x7f"), "control"},
        {BYTES(NEW "X: \x1b[0m"), "control"}, {{NEW "X: a\0b", sizeof NEW + 5}, "control"},
        {BYTES(NEW "X: a value of more than sixteen\x0b bytes\r\n"), "control"},
        {BYTES(NEW "\n"), "a name"}, {BYTES(NEW "\r\r"), "CR alone"},
        {BYTES(NEW "\rX: a"), "CR alone"});
}

static void a_length_of_two_meanings_is_refused(void **state)
{
    (void)state;
    CHECK_REFUSED("400", {BYTES(NEW "Content-Length:\r\n"), "Content-Length must"},
                  {BYTES(NEW "Content-Length: +5\r\n"), "digits"},
                  {BYTES(NEW "Content-Length: -5\r\n"), "digits"},
                  {BYTES(NEW "Content-Length: 0x5\r\n"), "digits"},
                  {BYTES(NEW "Content-Length: 5 5\r\n"), "digits"},
                  {BYTES(NEW "Content-Length: 5,5\r\n"), "digits"},
                  {BYTES(NEW "Content-Length: 5, 5\r\n"), "digits"},
                  {BYTES(NEW "Content-Length: 5;\r\n"), "digits"},
                  {BYTES(NEW "Content-Length: 5.0\r\n"), "digits"},
                  {BYTES(NEW "Content-Length: \"5\"\r\n"), "digits"},
                  {BYTES(NEW "Content-Length: 99999999999999999999999a\r\n"), "digits"},
                  {BYTES(NEW "Content-Length: 5\r\nContent-Length: 5\r\n"), "once"},
                  {BYTES(NEW "Content-Length: 5\r\nX: y\r\ncontent-length: 6\r\n"), "once"},
                  {BYTES(NEW "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), "exclude"},
                  {BYTES(NEW "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"), "exclude"},
                  {BYTES(OLD "Transfer-Encoding: chunked\r\n\r\n"), "needs HTTP/1.1"});
}

static void a_coding_other_than_chunked_is_refused(void **state)
{
    (void)state;
    CHECK_REFUSED(
        "400", {BYTES(NEW "Transfer-Encoding:\r\n"), "be chunked"},
        {BYTES(NEW "Transfer-Encoding: identity\r\n"), "be chunked"},
        {BYTES(NEW "Transfer-Encoding: xchunked\r\n"), "be chunked"},
        {BYTES(NEW "Transfer-Encoding: chunkedx\r\n"), "be chunked"},
        {BYTES(NEW "Transfer-Encoding: chunked;a=b\r\n"), "be chunked"},
        {BYTES(NEW "Transfer-Encoding: \"chunked\"\r\n"), "be chunked"},
        {BYTES(NEW "Transfer-Encoding: chunked, identity\r\n"), "be chunked"},
        {BYTES(NEW "Transfer-Encoding: , ,\r\n"), "be chunked"},
        {BYTES(NEW "Transfer-Encoding: ,\tchunked\r\n"), "be chunked"},
        {BYTES(NEW "Transfer-Encoding:\tchunked\r\n"), "be chunked"},
        {BYTES(NEW "Transfer-Encoding: \t chunked\r\n"), "be chunked"},
        {BYTES(NEW "Transfer-Encoding: chunked \t \r\n"), "be chunked"},
        {BYTES(NEW "Transfer-Encoding: \x0b"
                   "chunked\r\n"),
         "control"},
        {BYTES(NEW "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "once"},
        {BYTES(NEW "Transfer-Encoding: chunked\r\ntransfer-encoding: identity\r\n"), "once"});
    CHECK_REFUSED("501", {BYTES(NEW "Transfer-Encoding: gzip, chunked\r\n"), "only chunked"},
                  {BYTES(NEW "Transfer-Encoding: gzip,deflate , CHUNKED\r\n"), "only chunked"});
}

static void without_exactly_one_good_host_it_is_refused(void **state)
{
    (void)state;
    CHECK_REFUSED("400", {BYTES("GET / HTTP/1.1\r\n\r\n"), "Host must be there"},
                  {BYTES(NEW "Host: x\r\n"), "once"}, {BYTES(OLD "Host: x\r\nhost: x\r\n"), "once"},
                  {BYTES(OLD "Host: a b\r\n"), "a name"}, {BYTES(OLD "Host: a/b\r\n"), "a name"},
                  {BYTES(OLD "Host: a@b\r\n"), "a name"},
                  {BYTES(OLD "Host: h\xc3\xa9\r\n"), "name"},
                  {BYTES(OLD "Host: a?b\r\n"), "a name"}, {BYTES(OLD "Host: \"a\"\r\n"), "a name"});
}

static struct buffer with_headers(size_t count)
{
    struct buffer text = {0};

    buffer_append_text(&text, "GET / HTTP/1.1\r\nHost: x\r\n");
    for (size_t i = 1; i < count; i++)
        buffer_append_text(&text, "A: b\r\n");
    buffer_append_text(&text, "\r\n");
    return text;
}

static void there_may_be_so_many_headers_and_no_more(void **state)
{
    struct buffer most = with_headers(HTTP_REQUEST_HEADERS_COUNT_MAX);
    struct buffer many = with_headers(HTTP_REQUEST_HEADERS_COUNT_MAX + 1);
    struct buffer said = said_of(buffer_bytes(&most));

    (void)state;
    assert_true(bytes_starts_with(buffer_bytes(&said), BYTES("GET /? 1.1 {Host=x;A=b;")));
    buffer_deinit(&said);
    check(buffer_bytes(&many), "431 Too many headers.");
    buffer_deinit(&most);
    buffer_deinit(&many);
}

/* --- every byte, every cost ------------------------------------------------------------------ */

/* Puts each byte in the place of the @ and counts those with which the head is taken. */
static void check_bytes(const char *template, const char *allowed, bool allows_high)
{
    struct buffer said = {0};
    char *const text = bytes_copy(bytes_of(template));
    char *const place = strchr(text, '@');

    for (int c = 0; c < 256; c++) {
        const bool should = c >= 0x80 ? allows_high : c != 0 && strchr(allowed, c) != NULL;

        *place = (char)c;
        read_whole((struct bytes){text, strlen(template)}, &said);
        if (bytes_starts_with(buffer_bytes(&said), BYTES("GET")) != should)
            fail_msg("byte %02x in %s: %s", (unsigned)c, template, buffer_text(&said));
    }
    free(text);
    buffer_deinit(&said);
}

#define ALPHANUMERIC "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static void each_byte_may_stand_where_the_rfc_says(void **state)
{
    static const char name[] = ALPHANUMERIC "!#$%&'*+-.^_`|~:"; /* the colon ends it */
    static const char path[] = ALPHANUMERIC "!$&'()*+,-./:;=?@_~";
    static const char escaped[] = ALPHANUMERIC "!$%&'()*+,-./:;=?@_~";
    static const char query[] = ALPHANUMERIC "!$%&'()*+,-./:;=?@[]_~";
    static const char value[] = ALPHANUMERIC "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \t";
    static const char host[] = ALPHANUMERIC "-._~%!$&'()*+,;=:[] \t"; /* blanks at the end */

    (void)state;
    check_bytes("GET @ HTTP/1.1\r\nHost: x\r\n\r\n", "/*", false);
    check_bytes("GET /@ HTTP/1.1\r\nHost: x\r\n\r\n", path, false);
    check_bytes("GET /0123456789abcdef@0123456789abcdef HTTP/1.1\r\nHost: x\r\n\r\n", escaped,
                false);
    check_bytes("GET ?@ HTTP/1.1\r\nHost: x\r\n\r\n", "", false);
    check_bytes("GET http://h?@41 HTTP/1.1\r\nHost: x\r\n\r\n", query, false);
    check_bytes("GET /?0123456789abcdef@0123456789abcdef HTTP/1.1\r\nHost: x\r\n\r\n", query,
                false);
    check_bytes("GET / HTTP/1.1\r\nHost: x\r\nX@:\r\n\r\n", name, false);
    check_bytes("GET / HTTP/1.1\r\nHost: x\r\nX-0123456789abcdef@z:0123456789abcdef\r\n\r\n", name,
                false);
    check_bytes("GET / HTTP/1.1\r\nHost: x\r\nX:@\r\n\r\n", value, true);
    check_bytes("GET / HTTP/1.1\r\nHost: x\r\nX: 0123456789abcdef@0123456789abcdef\r\n\r\n", value,
                true);
    check_bytes("GET / HTTP/1.1\r\nHost: x@\r\n\r\n", host, false);
}

/* What was searched once is not looked at again: it may be spoilt. */
static void check_searched_once(const char *start, const char *end)
{
    struct buffer text = {0};
    struct http_head head;

    http_head_init(&head);
    buffer_append_text(&text, start);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(http_head_parse(&head, buffer_bytes(&text)), 0);
        memset(text.data + strlen(start), 1, text.len - strlen(start));
        buffer_append_char(&text, 'a');
    }
    buffer_append_text(&text, end);
    assert_int_equal(http_head_parse(&head, buffer_bytes(&text)), text.len);
    buffer_deinit(&text);
}

static void a_head_that_comes_byte_by_byte_is_searched_once(void **state)
{
    (void)state;
    check_searched_once(NEW "X: a", "\r\n\r\n");
    check_searched_once(NEW "X", ":\r\n\r\n");
    check_searched_once(NEW "X: a\r\nX: b\r\nY: c", "\r\n\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_cut_into_its_parts),
        cmocka_unit_test(empty_lines_before_a_request_are_passed_over),
        cmocka_unit_test(a_url_as_target_means_its_path),
        cmocka_unit_test(a_connection_is_kept_as_version_and_header_say),
        cmocka_unit_test(a_body_is_told_of),
        cmocka_unit_test(who_waits_for_100_is_known),
        cmocka_unit_test(what_begins_otherwise_is_refused_at_once),
        cmocka_unit_test(a_wrong_target_is_refused),
        cmocka_unit_test(a_wrong_version_is_refused),
        cmocka_unit_test(a_wrong_field_line_is_refused),
        cmocka_unit_test(a_length_of_two_meanings_is_refused),
        cmocka_unit_test(a_coding_other_than_chunked_is_refused),
        cmocka_unit_test(without_exactly_one_good_host_it_is_refused),
        cmocka_unit_test(there_may_be_so_many_headers_and_no_more),
        cmocka_unit_test(each_byte_may_stand_where_the_rfc_says),
        cmocka_unit_test(a_head_that_comes_byte_by_byte_is_searched_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
