#include "ws/deflate.h"

#include "base/check.h"
#include "base/mem.h"
#include "ws/close.h"

#include <zlib.h>

#define WINDOW_BITS_MIN 8
#define WINDOW_BITS_MAX 15
/* zlib cannot write a raw stream with a window of 8 bits. */
#define SERVER_WINDOW_BITS_MIN 9
#define OUT_LEN_STEP 4096

struct ws_deflate {
    z_stream inflate;
    z_stream deflate[WS_DEFLATE_FORMS_COUNT]; /* made when first used */
    bool has_deflate[WS_DEFLATE_FORMS_COUNT];
};

/* --- negotiation: section 7.1 --------------------------------------------------------------- */

/* As bytes_next(), but ignores separators within quotes. */
static bool next_unquoted(struct bytes *rest, char separator, struct bytes *piece)
{
    bool is_quoted = false;

    if (rest->data == NULL)
        return false;
    for (size_t i = 0; i < rest->len; i++) {
        const char c = rest->data[i];

        if (is_quoted && c == '\\')
            i++;
        else if (c == '"')
            is_quoted = !is_quoted;
        else if (c == separator && !is_quoted) {
            *piece = (struct bytes){rest->data, i};
            *rest = (struct bytes){rest->data + i + 1, rest->len - i - 1};
            return true;
        }
    }
    *piece = *rest;
    *rest = BYTES_NONE;
    return true;
}

static bool read_window_bits(struct bytes value, uint8_t *bits)
{
    uint64_t number;

    if (value.data == NULL)
        return false;
    if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
        value = (struct bytes){value.data + 1, value.len - 2};
    /* Leading zeroes are not allowed. */
    if (value.len == 0 || value.data[0] == '0' ||
        !bytes_to_number(value, WINDOW_BITS_MAX, &number) || number < WINDOW_BITS_MIN)
        return false;
    *bits = (uint8_t)number;
    return true;
}

struct offer {
    bool server_no_context_takeover;
    bool client_no_context_takeover;
    bool client_max_window_bits;
    uint8_t server_bits;
    uint8_t client_bits;
};

/* A parameter that is unknown, has a wrong value or occurs twice makes its offer invalid. */
static bool read_parameter(struct offer *offer, struct bytes name, struct bytes value)
{
    if (bytes_equal(name, BYTES("server_no_context_takeover"))) {
        if (value.data != NULL || offer->server_no_context_takeover)
            return false;
        offer->server_no_context_takeover = true;
        return true;
    }
    if (bytes_equal(name, BYTES("client_no_context_takeover"))) {
        if (value.data != NULL || offer->client_no_context_takeover)
            return false;
        offer->client_no_context_takeover = true;
        return true;
    }
    if (bytes_equal(name, BYTES("server_max_window_bits")))
        return offer->server_bits == 0 && read_window_bits(value, &offer->server_bits);
    if (bytes_equal(name, BYTES("client_max_window_bits"))) {
        if (offer->client_max_window_bits)
            return false;
        offer->client_max_window_bits = true;
        return value.data == NULL || read_window_bits(value, &offer->client_bits);
    }
    return false;
}

static bool read_offer(struct bytes text, struct ws_deflate_agreement *agreement)
{
    struct offer offer = {0};
    struct bytes piece;

    if (!next_unquoted(&text, ';', &piece) ||
        !bytes_equal(bytes_trim(piece), BYTES("permessage-deflate")))
        return false;
    while (next_unquoted(&text, ';', &piece)) {
        struct bytes value = piece;
        struct bytes name;

        if (!bytes_next(&value, '=', &name))
            return false;
        if (value.data != NULL)
            value = bytes_trim(value);
        if (!read_parameter(&offer, bytes_trim(name), value))
            return false;
    }
    if (offer.server_bits != 0 && offer.server_bits < SERVER_WINDOW_BITS_MIN)
        return false;
    agreement->server_window_bits = offer.server_bits;
    agreement->client_window_bits = offer.client_bits;
    agreement->form = offer.server_bits != 0 && offer.server_bits < WINDOW_BITS_MAX
                          ? WS_DEFLATE_SMALL
                          : WS_DEFLATE_FULL;
    return true;
}

bool ws_deflate_negotiate(const struct http_request *request,
                          struct ws_deflate_agreement *agreement)
{
    for (size_t i = 0; i < request->headers_count; i++) {
        struct bytes rest = request->headers[i].value;
        struct bytes offer;

        if (!bytes_equal_ignoring_case(request->headers[i].name, BYTES("Sec-WebSocket-Extensions")))
            continue;
        while (next_unquoted(&rest, ',', &offer))
            if (read_offer(bytes_trim(offer), agreement))
                return true;
    }
    return false;
}

void ws_deflate_write_agreement(struct buffer *out, const struct ws_deflate_agreement *agreement)
{
    buffer_append_text(
        out, "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    if (agreement->server_window_bits != 0)
        buffer_printf(out, "; server_max_window_bits=%u", agreement->server_window_bits);
    if (agreement->client_window_bits != 0)
        buffer_printf(out, "; client_max_window_bits=%u", agreement->client_window_bits);
}

/* --- compression: section 7.2 --------------------------------------------------------------- */

struct ws_deflate *ws_deflate_new(void)
{
    struct ws_deflate *deflate = mem_new(sizeof *deflate);

    CHECK(inflateInit2(&deflate->inflate, -WINDOW_BITS_MAX) == Z_OK);
    return deflate;
}

void ws_deflate_free(struct ws_deflate *deflate)
{
    if (deflate == NULL)
        return;
    inflateEnd(&deflate->inflate);
    for (int form = 0; form < WS_DEFLATE_FORMS_COUNT; form++)
        if (deflate->has_deflate[form])
            deflateEnd(&deflate->deflate[form]);
    free(deflate);
}

static z_stream *deflate_of(struct ws_deflate *deflate, enum ws_deflate_form form)
{
    z_stream *stream = &deflate->deflate[form];
    const int bits = form == WS_DEFLATE_FULL ? WINDOW_BITS_MAX : SERVER_WINDOW_BITS_MIN;

    CHECK(form != WS_DEFLATE_PLAIN);
    if (deflate->has_deflate[form]) {
        deflateReset(stream);
        return stream;
    }
    CHECK(deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -bits, 8, Z_DEFAULT_STRATEGY) ==
          Z_OK);
    deflate->has_deflate[form] = true;
    return stream;
}

void ws_deflate_compress(struct ws_deflate *deflater, enum ws_deflate_form form,
                         struct bytes message, struct buffer *out)
{
    z_stream *stream = deflate_of(deflater, form);
    size_t room;

    stream->next_in = (Bytef *)(uintptr_t)message.data;
    stream->avail_in = (uInt)message.len;
    do {
        room = OUT_LEN_STEP;
        stream->next_out = (Bytef *)buffer_reserve(out, room);
        stream->avail_out = (uInt)room;
        CHECK(deflate(stream, Z_SYNC_FLUSH) != Z_STREAM_ERROR);
        out->len += room - stream->avail_out;
    } while (stream->avail_out == 0);
    /* The flush ends with 00 00 FF FF, which the receiver adds again. */
    CHECK(out->len >= 4);
    out->len -= 4;
}

/* Decompresses one piece; 0 when all of it is used, else the negated code. */
static int inflate_piece(z_stream *stream, struct bytes piece, size_t len_max, struct buffer *out)
{
    stream->next_in = (Bytef *)(uintptr_t)piece.data;
    stream->avail_in = (uInt)piece.len;
    for (;;) {
        size_t room = len_max - out->len + 1; /* one byte more, to notice an excess */
        int status;

        if (room > OUT_LEN_STEP)
            room = OUT_LEN_STEP;
        stream->next_out = (Bytef *)buffer_reserve(out, room);
        stream->avail_out = (uInt)room;
        status = inflate(stream, Z_SYNC_FLUSH);
        out->len += room - stream->avail_out;
        if (out->len > len_max)
            return -WS_CLOSE_TOO_BIG;
        if (status == Z_STREAM_END) {
            /* A block marked as the last: what follows is a new stream. */
            inflateReset(stream);
            if (stream->avail_in == 0)
                return 0;
            continue;
        }
        if (status != Z_OK && status != Z_BUF_ERROR)
            return -WS_CLOSE_INVALID_DATA;
        if (stream->avail_in == 0 && stream->avail_out > 0)
            return 0;
        if (status == Z_BUF_ERROR)
            return -WS_CLOSE_INVALID_DATA;
    }
}

int ws_deflate_decompress(struct ws_deflate *deflate, struct bytes payload, size_t len_max,
                          struct buffer *out)
{
    int status;

    CHECK(out->len == 0);
    inflateReset(&deflate->inflate);
    status = inflate_piece(&deflate->inflate, payload, len_max, out);
    if (status == 0)
        status = inflate_piece(&deflate->inflate, BYTES("\x00\x00\xff\xff"), len_max, out);
    return status;
}
