/* The HTTP API with the app of Pusher's documentation, behind a real HTTP connection. */
#pragma once

#include "api/api.h"
#include "api/call.h"
#include "base/digest.h"
#include "pusher/apps.h"
#include "pusher/conversation.h"
#include "support/app.h"
#include "support/http_fixture.h"
#include "support/oracle.h"

struct api_fixture {
    struct fixture fixture;
    struct http_fixture http; /* its settings are the connection's */
    struct config_app app_settings;
    struct config config;
    struct metrics metrics;
    struct pusher_worker worker;
    struct pusher_app *app;
    struct api api;
    struct buffer websocket_key; /* the app key of the last request for a WebSocket */
};

static inline struct api_fixture *api_fixture_of(struct http_conn *conn)
{
    return LIST_OWNER(http_conn_user(conn), struct api_fixture, http);
}

static inline void api_fixture_on_request(struct http_conn *conn,
                                          const struct http_request *request)
{
    api_handle(&api_fixture_of(conn)->api, conn, request);
}

static inline void api_fixture_on_websocket(struct pusher_worker *worker, struct http_conn *conn,
                                            const struct http_request *request, struct bytes key)
{
    struct api_fixture *fixture = api_fixture_of(conn);

    (void)worker;
    (void)request;
    buffer_clear(&fixture->websocket_key);
    buffer_append_bytes(&fixture->websocket_key, key);
    api_call_respond_text(conn, 200, BYTES("websocket"));
}

static inline void api_fixture_on_turn_end(void *user)
{
    struct api_fixture *fixture = user;

    api_end_turn(&fixture->api);
    net_slices_end_turn(&fixture->worker.slices, &fixture->fixture.loop);
    channel_joining_end_turn(&fixture->worker.joining);
    channel_fanout_end_turn(&fixture->worker.fanout);
}

static inline void api_fixture_open(struct api_fixture *fixture, const char *path)
{
    *fixture = (struct api_fixture){0};
    fixture_open(&fixture->fixture, 1000000);
    fixture->app_settings = app_of_documentation();
    fixture->config = (struct config){.apps = &fixture->app_settings, .apps_count = 1};
    fixture->worker = (struct pusher_worker){
        .loop = &fixture->fixture.loop,
        .all = &fixture->worker,
        .workers_count = 1,
        .apps = pusher_apps_new(&fixture->config, 1, NULL, NULL),
        .metrics = &fixture->metrics,
    };
    pusher_conversation_init(&fixture->worker, false);
    fixture->app = pusher_apps_first(fixture->worker.apps);
    fixture->api = (struct api){.worker = &fixture->worker,
                                .path = bytes_of(path),
                                .on_websocket = api_fixture_on_websocket};
    fixture->fixture.on_turn_end = api_fixture_on_turn_end;
    fixture->fixture.user = fixture;
    http_fixture_init(&fixture->http, &fixture->fixture, 10000);
    fixture->http.settings.on_request = api_fixture_on_request;
    http_fixture_connect(&fixture->http);
}

static inline void api_fixture_close(struct api_fixture *fixture)
{
    http_fixture_deinit(&fixture->http);
    fixture_close(&fixture->fixture);
    pusher_worker_deinit(&fixture->worker);
    pusher_apps_free(fixture->worker.apps);
    buffer_deinit(&fixture->websocket_key);
}

/* Reads the response: returns its status; `answer` gets its body. */
static inline unsigned api_fixture_answer(struct api_fixture *fixture, struct bytes *answer)
{
    const char *body_at = strstr(buffer_text(&fixture->http.sent), "\r\n\r\n");

    CHECK(body_at != NULL);
    *answer = bytes_from(buffer_bytes(&fixture->http.sent),
                         (size_t)(body_at + 4 - fixture->http.sent.data));
    return http_fixture_status(&fixture->http);
}

static inline void api_fixture_append_request(struct buffer *request, const char *method,
                                              const char *target, struct bytes body)
{
    buffer_printf(request, "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", method,
                  target, body.len);
    buffer_append_bytes(request, body);
}

static inline void api_fixture_feed(struct api_fixture *fixture, struct buffer *request)
{
    buffer_clear(&fixture->http.sent);
    if (!http_fixture_feed(&fixture->http, buffer_bytes(request))) {
        fprintf(stderr, "%s ended the connection\n", buffer_text(request));
        abort();
    }
}

/* Sends the request; returns the status of the response. `answer` gets its body. */
static inline unsigned api_fixture_send(struct api_fixture *fixture, const char *method,
                                        const char *target, struct bytes body, struct bytes *answer)
{
    struct buffer request = {0};

    api_fixture_append_request(&request, method, target, body);
    api_fixture_feed(fixture, &request);
    buffer_deinit(&request);
    return api_fixture_answer(fixture, answer);
}

/* Appends the signature by Pusher's rules: `query` holds the parameters sorted and decoded. */
static inline void api_fixture_sign(const struct api_fixture *fixture, const char *method,
                                    const char *path, const char *query, struct buffer *target)
{
    char hex[DIGEST_SHA256_HEX_LEN];
    struct buffer text = {0};

    buffer_printf(&text, "%s\n%s\n%s", method, path, query);
    digest_hmac_sha256(bytes_of(fixture->app_settings.secret), buffer_bytes(&text), hex);
    buffer_append_text(target, "&auth_signature=");
    buffer_append(target, hex, sizeof hex);
    buffer_deinit(&text);
}

/* Appends a signed request. `more` is "" or further parameters, "&a=b", whose names sort after
 * auth_… and body_…. */
static inline void api_fixture_append_call(const struct api_fixture *fixture,
                                           struct buffer *request, const char *method,
                                           const char *path, const char *more, struct bytes body)
{
    struct buffer target = {0};
    struct buffer query = {0};

    buffer_printf(&query, "auth_key=%s&auth_timestamp=1&auth_version=1.0",
                  fixture->app_settings.key);
    if (body.len > 0) {
        char hex[DIGEST_MD5_HEX_LEN];

        digest_md5(body, hex);
        buffer_printf(&query, "&body_md5=%.*s", DIGEST_MD5_HEX_LEN, hex);
    }
    buffer_append_text(&query, more);
    buffer_printf(&target, "%s?%s", path, buffer_text(&query));
    api_fixture_sign(fixture, method, path, buffer_text(&query), &target);
    api_fixture_append_request(request, method, buffer_text(&target), body);
    buffer_deinit(&target);
    buffer_deinit(&query);
}

/* Sends a signed request that is answered at once. */
static inline unsigned api_fixture_call(struct api_fixture *fixture, const char *method,
                                        const char *path, const char *more, struct bytes body,
                                        struct bytes *answer)
{
    struct buffer request = {0};

    api_fixture_append_call(fixture, &request, method, path, more, body);
    api_fixture_feed(fixture, &request);
    buffer_deinit(&request);
    return api_fixture_answer(fixture, answer);
}
