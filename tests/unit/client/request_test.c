#include "client/request.h"

#include "base/digest.h"
#include "support/app.h"
#include "support/unit.h"

/* From behind `start` up to `end`. */
static struct bytes between(struct bytes text, const char *start, const char *end)
{
    const char *from = memmem(text.data, text.len, start, strlen(start));
    const char *to;

    assert_non_null(from);
    from += strlen(start);
    to = memmem(from, (size_t)(text.data + text.len - from), end, strlen(end));
    assert_non_null(to);
    return (struct bytes){from, (size_t)(to - from)};
}

static void check_publish(const char *url, const char *path)
{
    struct config_app app = app_of_documentation();
    struct client_server server = {.app = &app};
    struct buffer request = {0};
    struct buffer error = {0};
    struct buffer text = {0};
    char hex[DIGEST_SHA256_HEX_LEN];
    struct bytes query;

    assert_true(client_url_parse(bytes_of(url), &server.url, &error));
    client_request_publish(&request, &server, BYTES("a"), BYTES("e"), BYTES("\"d"));
    assert_bytes_equal(between(buffer_bytes(&request), "POST ", "?"), bytes_of(path));
    query = between(buffer_bytes(&request), "?", "&auth_signature=");
    buffer_append_text(&text, "POST\n/apps/3/events\n");
    buffer_append_bytes(&text, query);
    digest_hmac_sha256(bytes_of(app.secret), buffer_bytes(&text), hex);
    assert_bytes_equal(between(buffer_bytes(&request), "&auth_signature=", " HTTP/1.1\r\n"),
                       (struct bytes){hex, sizeof hex});
    assert_holds(buffer_bytes(&request),
                 "\r\n\r\n{\"name\":\"e\",\"channel\":\"a\",\"data\":\"\\\"d\"}");
    buffer_deinit(&request);
    buffer_deinit(&error);
    buffer_deinit(&text);
}

static void a_publish_is_signed_without_the_prefix_of_its_path(void **state)
{
    (void)state;
    check_publish("http://h:8080", "/apps/3/events");
    check_publish("http://h:8080/ws", "/ws/apps/3/events");
}

static void a_question_is_signed_and_the_last_of_its_connection(void **state)
{
    struct config_app app = app_of_documentation();
    struct client_server server = {.app = &app};
    struct buffer request = {0};
    struct buffer error = {0};
    struct buffer text = {0};
    char hex[DIGEST_SHA256_HEX_LEN];

    (void)state;
    assert_true(client_url_parse(BYTES("http://h:8080/ws"), &server.url, &error));
    client_request_get(&request, &server, "/channels", "info=user_count");
    assert_bytes_equal(between(buffer_bytes(&request), "GET ", "?"), BYTES("/ws/apps/3/channels"));
    buffer_append_text(&text, "GET\n/apps/3/channels\n");
    buffer_append_bytes(&text, between(buffer_bytes(&request), "?", "&auth_signature="));
    digest_hmac_sha256(bytes_of(app.secret), buffer_bytes(&text), hex);
    assert_bytes_equal(between(buffer_bytes(&request), "&auth_signature=", " HTTP/1.1\r\n"),
                       (struct bytes){hex, sizeof hex});
    assert_holds(buffer_bytes(&request), "&info=user_count&auth_signature=");
    assert_holds(buffer_bytes(&request), "\r\nConnection: close\r\n\r\n");
    buffer_deinit(&request);
    buffer_deinit(&error);
    buffer_deinit(&text);
}

static void a_handshake_is_answered_by_its_key(void **state)
{
    static const char rfc_key[] = "dGhlIHNhbXBsZSBub25jZQ==";
    struct config_app app = app_of_documentation();
    struct client_server server = {.app = &app};
    struct buffer request = {0};
    struct buffer error = {0};
    char key[CLIENT_REQUEST_KEY_LEN];

    (void)state;
    assert_true(client_url_parse(BYTES("ws://h:8080/ws"), &server.url, &error));
    client_request_handshake(&request, &server, key);
    assert_true(bytes_starts_with(buffer_bytes(&request),
                                  BYTES("GET /ws/app/278d425bdf160c739803?protocol=7&")));
    assert_bytes_equal(between(buffer_bytes(&request), "Sec-WebSocket-Key: ", "\r\n"),
                       (struct bytes){key, sizeof key});
    assert_holds(buffer_bytes(&request), "\r\nHost: h:8080\r\n");
    assert_true(client_request_is_accepted(rfc_key, BYTES("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
    assert_false(client_request_is_accepted(rfc_key, BYTES("s3pPLMBiTxaQ9kYGzzhZRbK+xOp=")));
    buffer_deinit(&request);
    buffer_deinit(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_publish_is_signed_without_the_prefix_of_its_path),
        cmocka_unit_test(a_question_is_signed_and_the_last_of_its_connection),
        cmocka_unit_test(a_handshake_is_answered_by_its_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
