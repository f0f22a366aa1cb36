/* What the parts of the hot path cost by themselves: frame, scanner, signature, head.
 *
 *     micro [NAME]     only those whose name holds NAME
 *
 * Each is repeated for a while, several times over; the best counts, since what disturbs only ever
 * adds. */

#include "base/digest.h"
#include "base/jsonscan.h"
#include "base/jsonwrite.h"
#include "base/md5.h"
#include "base/utf8.h"
#include "http/head.h"
#include "ws/frame.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SMALL_LEN 100
#define TOGETHER_COUNT_MAX 16
#define LARGE_LEN 8000
#define PAYLOAD_MAX ((size_t)1024 * 1024)
#define TRIES_COUNT 7
#define TRY_NS 20000000.0

static char small[SMALL_LEN];
static char large[LARGE_LEN];
static char masked[LARGE_LEN];
static struct buffer small_event; /* as it is published */
static struct buffer large_event;
static struct buffer frame; /* as a client sends it */
static volatile size_t sink;

/* As the SDK for PHP sends it. */
static const struct bytes head =
    BYTES("POST /apps/1001/events?auth_key=key-of-1001&auth_signature="
          "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef&"
          "auth_timestamp=1700000000&auth_version=1.0&"
          "body_md5=0123456789abcdef0123456789abcdef HTTP/1.1\r\n"
          "Host: 127.0.0.1:8080\r\nUser-Agent: GuzzleHttp/7\r\n"
          "Content-Type: application/json\r\nX-Pusher-Library: pusher-http-php 7.2.7\r\n"
          "Content-Length: 161\r\n\r\n");

static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};

static void frame_parse(void)
{
    struct ws_frame parsed;

    sink +=
        (size_t)ws_frame_parse((const uint8_t *)frame.data, frame.len, PAYLOAD_MAX, false, &parsed);
}

static void frame_unmask_small(void)
{
    ws_frame_mask(masked, SMALL_LEN, mask);
}

static void frame_unmask_large(void)
{
    ws_frame_mask(masked, LARGE_LEN, mask);
}

static void frame_write(void)
{
    uint8_t header[WS_FRAME_SERVER_HEADER_LEN_MAX];

    sink += ws_frame_header(header, WS_FRAME_TEXT, false, sizeof large);
}

static void scan(const struct buffer *event)
{
    struct jsonscan_field fields[] = {
        {.name = BYTES("name")}, {.name = BYTES("channel")}, {.name = BYTES("data")}};

    sink += jsonscan_object(buffer_bytes(event), fields, sizeof fields / sizeof fields[0]);
}

static void jsonscan_small(void)
{
    scan(&small_event);
}

static void jsonscan_large(void)
{
    scan(&large_event);
}

static void jsonwrite_large(void)
{
    static struct buffer out;

    buffer_clear(&out);
    jsonwrite_string(&out, (struct bytes){large, sizeof large});
    sink += out.len;
}

static void utf8_large(void)
{
    sink += utf8_is_valid(buffer_bytes(&large_event));
}

static void signature_hmac(void)
{
    char hex[DIGEST_SHA256_HEX_LEN];

    digest_hmac_sha256(BYTES("secret-of-1001"), bytes_from(head, head.len - 200), hex);
    sink += (size_t)hex[0];
}

static void md5(const struct buffer *event)
{
    char hex[DIGEST_MD5_HEX_LEN];

    digest_md5(buffer_bytes(event), hex);
    sink += (size_t)hex[0];
}

static void signature_md5_small(void)
{
    md5(&small_event);
}

static void signature_md5_large(void)
{
    md5(&large_event);
}

static void md5_together(size_t count)
{
    struct bytes texts[TOGETHER_COUNT_MAX];
    char hex[TOGETHER_COUNT_MAX][DIGEST_MD5_HEX_LEN];

    for (size_t i = 0; i < count; i++)
        texts[i] = buffer_bytes(&large_event);
    md5_many(texts, count, hex);
    sink += (size_t)hex[0][0];
}

static void signature_md5_three(void)
{
    md5_together(3);
}

static void signature_md5_sixteen(void)
{
    md5_together(TOGETHER_COUNT_MAX);
}

static void http_head(void)
{
    static struct http_head parsed;
    struct http_request request;

    http_head_init(&parsed);
    sink += (size_t)http_head_parse(&parsed, head);
    http_head_fill(&parsed, head.data, &request);
    sink += request.path.len;
}

static const struct part {
    const char *name;
    void (*run)(void);
    size_t len; /* of what it works on, 0 where that does not matter */
} parts[] = {
    {"frame: parse a header", frame_parse, 0},
    {"frame: unmask 100 bytes", frame_unmask_small, SMALL_LEN},
    {"frame: unmask 8 KB", frame_unmask_large, LARGE_LEN},
    {"frame: write a header", frame_write, 0},
    {"jsonscan: event of 100 bytes", jsonscan_small, SMALL_LEN},
    {"jsonscan: event of 8 KB", jsonscan_large, LARGE_LEN},
    {"jsonwrite: string of 8 KB", jsonwrite_large, LARGE_LEN},
    {"utf8: 8 KB", utf8_large, LARGE_LEN},
    {"signature: HMAC-SHA256 of 200 bytes", signature_hmac, 200},
    {"signature: MD5 of 100 bytes", signature_md5_small, SMALL_LEN},
    {"signature: MD5 of 8 KB", signature_md5_large, LARGE_LEN},
    {"signature: MD5 of 3 × 8 KB together", signature_md5_three, 3 * (size_t)LARGE_LEN},
    {"signature: MD5 of 16 × 8 KB together", signature_md5_sixteen, 16 * (size_t)LARGE_LEN},
    {"http: parse a head, 6 lines", http_head, 0},
};

static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* CPU time of `count` runs. */
static double time_of(const struct part *part, size_t count)
{
    const double began_ns = now_ns();

    for (size_t i = 0; i < count; i++)
        part->run();
    return now_ns() - began_ns;
}

static double best_ns(const struct part *part)
{
    size_t count = 1;
    double best;

    while (time_of(part, count) < TRY_NS)
        count *= 2;
    best = time_of(part, count);
    for (int i = 1; i < TRIES_COUNT; i++) {
        const double it = time_of(part, count);

        best = it < best ? it : best;
    }
    return best / (double)count;
}

static void make_event(struct buffer *event, const char *data, size_t len)
{
    buffer_append_text(event, "{\"name\":\"bench\",\"channel\":\"bench-fanout\",\"data\":\"");
    buffer_append(event, data, len);
    buffer_append_text(event, "\"}");
}

int main(int argc, char **argv)
{
    uint8_t header[WS_FRAME_HEADER_LEN_MAX];

    memset(small, 'x', sizeof small);
    memset(large, 'x', sizeof large);
    make_event(&small_event, small, sizeof small);
    make_event(&large_event, large, sizeof large);
    buffer_append(&frame, header, ws_frame_header(header, WS_FRAME_TEXT, false, sizeof small));
    frame.data[1] |= (char)0x80;
    buffer_append(&frame, mask, sizeof mask);
    buffer_append(&frame, small, sizeof small);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const struct part *part = &parts[i];
        double ns;

        if (argc > 1 && strstr(part->name, argv[1]) == NULL)
            continue;
        ns = best_ns(part);
        printf("%-40s %9.1f ns", part->name, ns);
        if (part->len > 0)
            printf(" %9.0f MB/s", (double)part->len * 1000 / ns);
        printf("\n");
    }
    buffer_deinit(&small_event);
    buffer_deinit(&large_event);
    buffer_deinit(&frame);
    return 0;
}
