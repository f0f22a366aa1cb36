#include "ws/handshake.h"

#include "base/check.h"
#include "http/date.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

/* RFC 6455 section 1.3. */
#define ACCEPT_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
/* Base64 of 16 bytes. */
#define KEY_LEN 24

static bool is_base64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

static bool is_key(struct bytes key)
{
    if (key.len != KEY_LEN || key.data[KEY_LEN - 1] != '=' || key.data[KEY_LEN - 2] != '=')
        return false;
    for (size_t i = 0; i < KEY_LEN - 2; i++)
        if (!is_base64(key.data[i]))
            return false;
    return true;
}

unsigned ws_handshake_read(const struct http_request *request, bool offers_deflate,
                           struct ws_handshake *handshake, struct bytes *reason)
{
    const struct bytes version = http_request_header(request, BYTES("Sec-WebSocket-Version"));

    if (!http_request_has_token(request, BYTES("Upgrade"), BYTES("websocket"))) {
        *reason = BYTES("This address speaks WebSocket: send \"Upgrade: websocket\".");
        return 426;
    }
    if (request->version_minor == 0) {
        *reason = BYTES("A WebSocket needs HTTP/1.1.");
        return 400;
    }
    if (!http_request_has_token(request, BYTES("Connection"), BYTES("upgrade"))) {
        *reason = BYTES("The header \"Connection: Upgrade\" is missing; a proxy in front must pass "
                        "it on.");
        return 400;
    }
    if (!bytes_equal(version, BYTES("13"))) {
        *reason = BYTES("Sec-WebSocket-Version must be 13.");
        return 426;
    }
    handshake->key = http_request_header(request, BYTES("Sec-WebSocket-Key"));
    if (http_request_header_count(request, BYTES("Sec-WebSocket-Key")) != 1 ||
        !is_key(handshake->key)) {
        *reason = BYTES("Sec-WebSocket-Key must be there once, 16 bytes in base64.");
        return 400;
    }
    handshake->has_deflate = offers_deflate && ws_deflate_negotiate(request, &handshake->deflate);
    return 0;
}

struct bytes ws_handshake_refusal_headers(unsigned status)
{
    if (status != 426)
        return BYTES_NONE;
    return BYTES("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
}

static void append_accept(struct buffer *out, struct bytes key)
{
    struct buffer joined = {0};
    unsigned char digest[SHA_DIGEST_LENGTH];
    unsigned char text[SHA_DIGEST_LENGTH * 2];
    int len;

    buffer_append_bytes(&joined, key);
    buffer_append_text(&joined, ACCEPT_GUID);
    SHA1((const unsigned char *)joined.data, joined.len, digest);
    len = EVP_EncodeBlock(text, digest, sizeof digest);
    CHECK(len > 0);
    buffer_append(out, text, (size_t)len);
    buffer_deinit(&joined);
}

void ws_handshake_write(struct buffer *out, const struct ws_handshake *handshake,
                        struct bytes headers)
{
    buffer_append_text(out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                            "Connection: Upgrade\r\nSec-WebSocket-Accept: ");
    append_accept(out, handshake->key);
    buffer_append_text(out, "\r\n");
    buffer_append_bytes(out, http_date_line());
    if (handshake->has_deflate) {
        buffer_append_text(out, "Sec-WebSocket-Extensions: ");
        ws_deflate_write_agreement(out, &handshake->deflate);
        buffer_append_text(out, "\r\n");
    }
    buffer_append_bytes(out, headers);
    buffer_append_text(out, "\r\n");
}
