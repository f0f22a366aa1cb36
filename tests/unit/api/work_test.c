/* What a request costs before anybody knows who sent it: four times as many bytes may make four
 * times the work, and no more. Work is counted, not timed: the blocks of instructions that run, and
 * the bytes that are copied, searched, compared and allocated. */

#include "http/reader.h"
#include "pusher/decode.h"
#include "support/api_fixture.h"
#include "ws/handshake.h"

#define LEN 2000
#define TIMES 4
/* What the constant part of small inputs may hide, and growing memory by doubling it may add. */
#define TIMES_MAX 5.0

/* --- counting ------------------------------------------------------------------------------- */

static uint64_t work;

/* The names are the compiler's and the linker's.
 * NOLINTBEGIN(readability-identifier-naming) */

/* At each block of the code that is counted (see the Makefile). */
void __sanitizer_cov_trace_pc(void);

void __sanitizer_cov_trace_pc(void)
{
    work++;
}

#define COUNTS(type, name, arguments, values, len) \
    type __real_##name arguments;                  \
    type __wrap_##name arguments;                  \
    type __wrap_##name arguments                   \
    {                                              \
        work += (len);                             \
        return __real_##name values;               \
    }

COUNTS(void *, memcpy, (void *to, const void *from, size_t len), (to, from, len), len)
COUNTS(void *, memmove, (void *to, const void *from, size_t len), (to, from, len), len)
COUNTS(void *, memset, (void *to, int c, size_t len), (to, c, len), len)
COUNTS(int, memcmp, (const void *a, const void *b, size_t len), (a, b, len), len)
COUNTS(size_t, strlen, (const char *text), (text), __real_strlen(text))
COUNTS(void *, malloc, (size_t size), (size), size)
COUNTS(void *, calloc, (size_t count, size_t size), (count, size), count *size)
COUNTS(void *, realloc, (void *memory, size_t size), (memory, size), size)

/* What is searched ends where it is found. */
static void count_searched(const char *in, size_t len, const char *found)
{
    work += found != NULL ? (size_t)(found - in) + 1 : len;
}

void *__real_memchr(const void *in, int c, size_t len);
void *__wrap_memchr(const void *in, int c, size_t len);

void *__wrap_memchr(const void *in, int c, size_t len)
{
    void *found = __real_memchr(in, c, len);

    count_searched(in, len, found);
    return found;
}

void *__real_memmem(const void *in, size_t len, const void *what, size_t what_len);
void *__wrap_memmem(const void *in, size_t len, const void *what, size_t what_len);

void *__wrap_memmem(const void *in, size_t len, const void *what, size_t what_len)
{
    void *found = __real_memmem(in, len, what, what_len);

    count_searched(in, len, found);
    return found;
}

/* NOLINTEND(readability-identifier-naming) */

/* `start`, then `piece` as often as it fits into `len` bytes, then `end`. */
struct shape {
    const char *start;
    const char *piece;
    const char *end;
};

static struct buffer fill(const struct shape *shape, size_t len)
{
    struct buffer text = {0};

    buffer_append_text(&text, shape->start);
    for (size_t i = 0; i < len / strlen(shape->piece); i++)
        buffer_append_text(&text, shape->piece);
    buffer_append_text(&text, shape->end);
    return text;
}

static uint64_t work_of(const struct shape *shape, size_t len, void (*read)(struct bytes text))
{
    struct buffer text = fill(shape, len);
    uint64_t before;

    before = work;
    read(buffer_bytes(&text));
    buffer_deinit(&text);
    return work - before;
}

static void check(const struct shape *shape, void (*read)(struct bytes text))
{
    const uint64_t little = work_of(shape, LEN, read);
    const uint64_t much = work_of(shape, LEN * TIMES, read);

    if (little == 0 || (double)much > TIMES_MAX * (double)little)
        fail_msg("%zu bytes of \"%s\" behind \"%.60s\": work %llu, four times as many: %llu",
                 (size_t)LEN, shape->piece, shape->start, (unsigned long long)little,
                 (unsigned long long)much);
}

#define CHECK_ALL(read, ...)                                               \
    do {                                                                   \
        static const struct shape shapes_[] = {__VA_ARGS__};               \
        for (size_t i_ = 0; i_ < sizeof shapes_ / sizeof shapes_[0]; i_++) \
            check(&shapes_[i_], read);                                     \
    } while (0)

/* --- a request ------------------------------------------------------------------------------ */

static void read_request(struct bytes text)
{
    struct http_reader reader = {0};

    http_reader_begin(&reader);
    assert_int_not_equal(http_reader_read(&reader, text, text.len), 0);
    http_reader_deinit(&reader);
}

/* As the slowest client sends it. */
static void read_byte_by_byte(struct bytes text)
{
    struct http_reader reader = {0};
    ssize_t result = 0;

    http_reader_begin(&reader);
    for (size_t len = 1; len <= text.len && result == 0; len++)
        result = http_reader_read(&reader, (struct bytes){text.data, len}, text.len);
    assert_int_not_equal(result, 0);
    http_reader_deinit(&reader);
}

#define GET "GET /up HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED GET "Transfer-Encoding: chunked\r\n\r\n"

static const struct shape requests[] = {
    {"", "A", " / HTTP/1.1\r\n\r\n"},
    {"", "\r\n", GET "\r\n"},
    {"GET /", "a", " HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"GET /", "%41", " HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"GET http://", "a", "/ HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"GET /?", "[&", " HTTP/1.1\r\nHost: x\r\n\r\n"},
    {GET "X: ", "a", "\r\n\r\n"},
    {GET, "a", ":\r\n\r\n"},
    {GET "X:", " ", "\r\n\r\n"},
    {GET "Connection: ", ",", "\r\n\r\n"},
    {GET "Connection: ", "close, ", "\r\n\r\n"},
    {GET "Transfer-Encoding: ", ", ", "chunked\r\n\r\n0\r\n\r\n"},
    {GET "Content-Length: ", "0", "\r\n\r\n"},
    {CHUNKED, "1\r\na\r\n", "0\r\n\r\n"},
    {CHUNKED "1;", "a", "\r\na\r\n0\r\n\r\n"},
    {CHUNKED "1", ";a=\"b\"", "\r\na\r\n0\r\n\r\n"},
    {CHUNKED "1 ", " ", ";a\r\na\r\n0\r\n\r\n"},
    {CHUNKED "0\r\n", "A: b\r\n", "\r\n"},
};

static void a_request_is_read_in_proportion_to_its_length(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        check(&requests[i], read_request);
}

static void also_where_it_comes_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        check(&requests[i], read_byte_by_byte);
}

/* --- the API -------------------------------------------------------------------------------- */

static struct api_fixture fixture;

static void call(struct bytes request)
{
    buffer_clear(&fixture.http.sent);
    if (!http_fixture_feed(&fixture.http, request) || fixture.http.sent.len == 0)
        fail_msg("%s", buffer_text(&fixture.http.sent));
}

static int open_api(void **state)
{
    (void)state;
    api_fixture_open(&fixture, "");
    fixture.http.settings.request_bytes_max = SIZE_MAX / 2;
    return 0;
}

static int close_api(void **state)
{
    (void)state;
    api_fixture_close(&fixture);
    return 0;
}

#define CHANNELS "GET /apps/3/channels"
#define SIGNED "auth_key=278d425bdf160c739803&auth_signature=0"
#define END " HTTP/1.1\r\nHost: x\r\n\r\n"

static void a_signature_is_refused_in_proportion_to_the_query(void **state)
{
    (void)state;
    CHECK_ALL(call, {CHANNELS "?" SIGNED "&", "[&", END}, {CHANNELS "?" SIGNED "&", "&", END},
              {CHANNELS "?" SIGNED "&", "a&", END}, {CHANNELS "?" SIGNED "&", "info[]=a&", END},
              {CHANNELS "?" SIGNED "&a=", "a", END}, {CHANNELS "?" SIGNED "&a=", "%41", END},
              {CHANNELS "?" SIGNED "&", "a", "=1" END}, {CHANNELS "?" SIGNED "&a", "[", END},
              {CHANNELS "?" SIGNED "&a=", "+", END}, {CHANNELS "?auth_key=", "%5b", END},
              {CHANNELS "/", "a", "?" SIGNED END}, {CHANNELS "/", "%41", "?" SIGNED END},
              {CHANNELS, "/", "?" SIGNED END}, {"GET /apps/", "%41", "/channels?" SIGNED END},
              {"GET ", "/", END}, {"GET /app/", "%41", END});
}

/* POSTs it, signed. */
static void publish_to(const char *path, struct bytes body)
{
    struct buffer request = {0};

    api_fixture_append_call(&fixture, &request, "POST", path, "", body);
    call(buffer_bytes(&request));
    buffer_deinit(&request);
}

static void publish(struct bytes body)
{
    publish_to("/apps/3/events", body);
}

static void publish_batch(struct bytes body)
{
    publish_to("/apps/3/batch_events", body);
}

#define EVENT "\"name\":\"e\",\"data\":\"\","

static void a_body_is_read_in_proportion_to_its_length(void **state)
{
    (void)state;
    CHECK_ALL(publish, {"", "[", ""}, {"", "{\"a\":", ""}, {"", " ", ""}, {"", "1", ""},
              {"\"", "\\u0041", "\""}, {"\"", "\xc3\xa9", "\""}, {"[", "[],", "0]"},
              {"{", "\"name\":1,", "\"name\":1}"}, {"{", "\"n\\u0061me\":1,", "\"name\":1}"},
              {"{" EVENT "\"channels\":[", "\"a\",", "\"a\"]}"},
              {"{" EVENT "\"channels\":[", "\"a\",", "1]}"},
              {"{" EVENT "\"channels\":{", "\"1\":\"\\u0061\",", "\"2\":\"a\"}}"},
              {"{" EVENT "\"channel\":\"", "a", "\"}"},
              {"{" EVENT "\"channel\":\"a\",\"info\":\"", "cache,", "\"}"},
              {"{" EVENT "\"info\":\"occupied\",\"channels\":[", "\"a\",", "\"a\"]}"},
              {"{" EVENT "\"channel\":\"a\",\"socket_id\":\"", "1", "\"}"});
    CHECK_ALL(publish_batch, {"{\"batch\":[", "{" EVENT "\"channel\":\"a\"},", "0]}"},
              {"{\"batch\":[{" EVENT "\"channel\":\"b\"}", ",{" EVENT "\"channel\":\"a\"}", "]}"},
              {"{\"batch\":[0", ",1", "]}"}, {"{\"batch\":{\"a\":0", ",\"a\":0", "}}"},
              {"{\"batch\":[{" EVENT "\"channel\":\"b\"}",
               ",{" EVENT "\"channel\":\"a\",\"info\":\"occupied\"}", "]}"});
}

/* --- the WebSocket -------------------------------------------------------------------------- */

static void shake_hands(struct bytes request)
{
    struct http_reader reader = {0};
    struct http_request parsed;
    struct ws_handshake handshake;
    struct bytes reason;

    http_reader_begin(&reader);
    assert_int_equal(http_reader_read(&reader, request, request.len), request.len);
    http_reader_fill(&reader, request.data, &parsed);
    (void)ws_handshake_read(&parsed, true, &handshake, &reason);
    http_reader_deinit(&reader);
}

#define UPGRADE                                                                      \
    GET "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" \
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static void a_handshake_is_read_in_proportion_to_its_length(void **state)
{
    (void)state;
    CHECK_ALL(shake_hands,
              {UPGRADE "Sec-WebSocket-Extensions: ", "permessage-deflate,", "\r\n\r\n"},
              {UPGRADE "Sec-WebSocket-Extensions: permessage-deflate", ";a=b", "\r\n\r\n"},
              {UPGRADE "Sec-WebSocket-Extensions: permessage-deflate;a=\"", "\\a", "\"\r\n\r\n"},
              {UPGRADE "Sec-WebSocket-Extensions: ", ",", "\r\n\r\n"},
              {UPGRADE "Upgrade: ", ",", "\r\n\r\n"}, {UPGRADE "Upgrade: ", "a ", "\r\n\r\n"});
}

static void decode(struct bytes text)
{
    struct pusher_decode_message message;
    struct jsonscan_field field = {.name = BYTES("channel")};

    if (pusher_decode(&message, text))
        (void)pusher_decode_data(&message, &field, 1);
    pusher_decode_deinit(&message);
}

static void a_message_is_read_in_proportion_to_its_length(void **state)
{
    (void)state;
    CHECK_ALL(decode, {"", "[", ""}, {"{", "\"event\":\"a\",", "\"event\":\"a\"}"},
              {"{\"event\":\"", "\\u0041", "\"}"}, {"{\"event\":\"a\",\"data\":\"", "[", "\"}"},
              {"{\"event\":\"a\",\"data\":\"{", "\\\"channel\\\":1,", "\\\"channel\\\":1}\"}"},
              {"{\"event\":\"a\",\"data\":{", "\"channel\":1,", "\"channel\":1}}"});
}

#define API_TEST(name) cmocka_unit_test_setup_teardown(name, open_api, close_api)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_read_in_proportion_to_its_length),
        cmocka_unit_test(also_where_it_comes_byte_by_byte),
        API_TEST(a_signature_is_refused_in_proportion_to_the_query),
        API_TEST(a_body_is_read_in_proportion_to_its_length),
        cmocka_unit_test(a_handshake_is_read_in_proportion_to_its_length),
        cmocka_unit_test(a_message_is_read_in_proportion_to_its_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
