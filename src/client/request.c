#include "client/request.h"

#include "base/check.h"
#include "base/jsonwrite.h"
#include "base/random.h"
#include "pusher/auth.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>
#include <time.h>

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define MD5_LEN 16

static void append_host(struct buffer *out, const struct client_server *server)
{
    buffer_append_text(out, "Host: ");
    client_url_append_host(out, &server->url);
    buffer_append_text(out, "\r\n");
}

void client_request_handshake(struct buffer *out, const struct client_server *server,
                              char key[CLIENT_REQUEST_KEY_LEN])
{
    unsigned char encoded[CLIENT_REQUEST_KEY_LEN + 1];
    uint8_t nonce[16];

    random_bytes(nonce, sizeof nonce);
    CHECK(EVP_EncodeBlock(encoded, nonce, sizeof nonce) == CLIENT_REQUEST_KEY_LEN);
    memcpy(key, encoded, CLIENT_REQUEST_KEY_LEN);
    buffer_printf(out,
                  "GET %s/app/%s?protocol=7&client=reverb&version=1.0&flash=false HTTP/1.1\r\n",
                  server->url.path, server->app->key);
    append_host(out, server);
    if (server->origin != NULL)
        buffer_printf(out, "Origin: %s\r\n", server->origin);
    buffer_append_text(out, "Upgrade: websocket\r\n"
                            "Connection: Upgrade\r\n"
                            "Sec-WebSocket-Version: 13\r\n"
                            "Sec-WebSocket-Key: ");
    buffer_append(out, key, CLIENT_REQUEST_KEY_LEN);
    buffer_append_text(out, "\r\n\r\n");
}

bool client_request_is_accepted(const char key[CLIENT_REQUEST_KEY_LEN], struct bytes accept)
{
    unsigned char text[CLIENT_REQUEST_KEY_LEN + sizeof GUID];
    unsigned char digest[SHA_DIGEST_LENGTH];
    unsigned char encoded[32];
    int len;

    memcpy(text, key, CLIENT_REQUEST_KEY_LEN);
    memcpy(text + CLIENT_REQUEST_KEY_LEN, GUID, sizeof GUID);
    SHA1(text, sizeof text - 1, digest);
    len = EVP_EncodeBlock(encoded, digest, sizeof digest);
    return bytes_equal(accept, (struct bytes){(const char *)encoded, (size_t)len});
}

static void append_md5(struct buffer *out, struct bytes text)
{
    unsigned char digest[MD5_LEN];

    CHECK(EVP_Digest(text.data, text.len, digest, NULL, EVP_md5(), NULL) == 1);
    for (size_t i = 0; i < sizeof digest; i++)
        buffer_printf(out, "%02x", digest[i]);
}

static void append_body(struct buffer *out, struct bytes channel, struct bytes event,
                        struct bytes data)
{
    buffer_append_text(out, "{\"name\":");
    jsonwrite_string(out, event);
    buffer_append_text(out, ",\"channel\":");
    jsonwrite_string(out, channel);
    buffer_append_text(out, ",\"data\":");
    jsonwrite_string(out, data);
    buffer_append_char(out, '}');
}

/* Appends method and request target, with the signature. The signed text has no path prefix, under
 * which a proxy may serve the server, and has line ends between its parts. */
static void append_target(struct buffer *out, const struct client_server *server,
                          const char *method, const char *path, struct bytes more)
{
    char signature[PUSHER_AUTH_HEX_LEN];
    struct buffer text = {0};
    const size_t method_len = strlen(method) + 1;
    size_t query;

    buffer_printf(&text, "%s\n/apps/%s%s\n", method, server->app->id, path);
    query = text.len;
    buffer_printf(&text, "auth_key=%s&auth_timestamp=%lld&auth_version=1.0&%.*s", server->app->key,
                  (long long)time(NULL), BYTES_ARGS(more));
    pusher_auth_sign(server->app, buffer_bytes(&text), signature);
    buffer_printf(out, "%s %s", method, server->url.path);
    buffer_append(out, text.data + method_len, query - 1 - method_len);
    buffer_append_char(out, '?');
    buffer_append_bytes(out, bytes_from(buffer_bytes(&text), query));
    buffer_append_text(out, "&auth_signature=");
    buffer_append(out, signature, sizeof signature);
    buffer_deinit(&text);
}

void client_request_get(struct buffer *out, const struct client_server *server, const char *path,
                        const char *query)
{
    append_target(out, server, "GET", path, bytes_of(query));
    buffer_append_text(out, " HTTP/1.1\r\n");
    append_host(out, server);
    buffer_append_text(out, "Connection: close\r\n\r\n");
}

void client_request_publish(struct buffer *out, const struct client_server *server,
                            struct bytes channel, struct bytes event, struct bytes data)
{
    struct buffer body = {0};
    struct buffer md5 = {0};

    append_body(&body, channel, event, data);
    buffer_append_text(&md5, "body_md5=");
    append_md5(&md5, buffer_bytes(&body));
    append_target(out, server, "POST", "/events", buffer_bytes(&md5));
    buffer_deinit(&md5);
    buffer_append_text(out, " HTTP/1.1\r\n");
    append_host(out, server);
    buffer_printf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", body.len);
    buffer_append_bytes(out, buffer_bytes(&body));
    buffer_deinit(&body);
}
