/* The HTTP API with Pusher's app, behind a real HTTP connection. */
#pragma once

#include "api/api.h"
#include "base/digest.h"
#include "support/app.h"
#include "support/http_rig.h"
#include "support/judge.h"

struct api_rig {
    struct rig rig;
    struct http_rig http; /* its settings are the connection's */
    struct config_app app_settings;
    struct config config;
    struct metrics metrics;
    struct pusher_hub hub;
    struct pusher_app *app;
    struct api api;
    struct buffer websocket_key; /* what the last request for a WebSocket named */
};

static inline struct api_rig *api_rig_of(struct http_conn *conn)
{
    return LIST_OWNER(http_conn_user(conn), struct api_rig, http);
}

static inline void api_rig_on_request(struct http_conn *conn, const struct http_request *request)
{
    api_handle(&api_rig_of(conn)->api, conn, request);
}

static inline void api_rig_on_websocket(struct pusher_hub *hub, struct http_conn *conn,
                                        const struct http_request *request, struct bytes key)
{
    struct api_rig *rig = api_rig_of(conn);

    (void)hub;
    (void)request;
    buffer_clear(&rig->websocket_key);
    buffer_append_bytes(&rig->websocket_key, key);
    api_respond_text(conn, 200, BYTES("websocket"));
}

static inline void api_rig_on_turn_end(void *user)
{
    struct api_rig *rig = user;

    api_digests_end_turn(&rig->api);
    channel_fanout_end_turn(&rig->hub.fanout);
}

static inline void api_rig_open(struct api_rig *rig, const char *path)
{
    *rig = (struct api_rig){0};
    rig_open(&rig->rig, 1000000);
    rig->app_settings = app_of_documentation();
    rig->config = (struct config){.apps = &rig->app_settings, .apps_count = 1};
    rig->hub = (struct pusher_hub){
        .loop = &rig->rig.loop,
        .all = &rig->hub,
        .workers_count = 1,
        .apps = pusher_apps_new(&rig->config, 1, NULL, NULL),
        .metrics = &rig->metrics,
    };
    pusher_hub_init(&rig->hub, false);
    rig->app = pusher_apps_first(rig->hub.apps);
    rig->api = (struct api){
        .hub = &rig->hub, .path = bytes_of(path), .on_websocket = api_rig_on_websocket};
    rig->rig.on_turn_end = api_rig_on_turn_end;
    rig->rig.user = rig;
    http_rig_init(&rig->http, &rig->rig, 10000);
    rig->http.settings.on_request = api_rig_on_request;
    http_rig_connect(&rig->http);
}

static inline void api_rig_close(struct api_rig *rig)
{
    http_rig_deinit(&rig->http);
    rig_close(&rig->rig);
    pusher_hub_deinit(&rig->hub);
    pusher_apps_free(rig->hub.apps);
    buffer_deinit(&rig->websocket_key);
}

/* What has come: the status, and the body in `answer`. */
static inline unsigned api_rig_answer(struct api_rig *rig, struct bytes *answer)
{
    const char *body_at = strstr(buffer_text(&rig->http.sent), "\r\n\r\n");

    CHECK(body_at != NULL);
    *answer =
        bytes_from(buffer_bytes(&rig->http.sent), (size_t)(body_at + 4 - rig->http.sent.data));
    return http_rig_status(&rig->http);
}

static inline void api_rig_append_request(struct buffer *request, const char *method,
                                          const char *target, struct bytes body)
{
    buffer_printf(request, "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", method,
                  target, body.len);
    buffer_append_bytes(request, body);
}

static inline void api_rig_feed(struct api_rig *rig, struct buffer *request)
{
    buffer_clear(&rig->http.sent);
    if (!http_rig_feed(&rig->http, buffer_bytes(request))) {
        fprintf(stderr, "%s ended the connection\n", buffer_text(request));
        abort();
    }
}

/* Sends the request; answers the status, and the answer's body in `body`. */
static inline unsigned api_rig_send(struct api_rig *rig, const char *method, const char *target,
                                    struct bytes body, struct bytes *answer)
{
    struct buffer request = {0};

    api_rig_append_request(&request, method, target, body);
    api_rig_feed(rig, &request);
    buffer_deinit(&request);
    return api_rig_answer(rig, answer);
}

/* Appends the signature that Pusher's rules ask for: `query` holds its parameters sorted, decoded.
 */
static inline void api_rig_sign(const struct api_rig *rig, const char *method, const char *path,
                                const char *query, struct buffer *target)
{
    char hex[DIGEST_SHA256_HEX_LEN];
    struct buffer text = {0};

    buffer_printf(&text, "%s\n%s\n%s", method, path, query);
    digest_hmac_sha256(bytes_of(rig->app_settings.secret), buffer_bytes(&text), hex);
    buffer_append_text(target, "&auth_signature=");
    buffer_append(target, hex, sizeof hex);
    buffer_deinit(&text);
}

/* Appends a request with a signature of its own: `more` is "" or further parameters, "&a=b", whose
 * names come behind auth_… and body_…. */
static inline void api_rig_append_call(const struct api_rig *rig, struct buffer *request,
                                       const char *method, const char *path, const char *more,
                                       struct bytes body)
{
    struct buffer target = {0};
    struct buffer query = {0};

    buffer_printf(&query, "auth_key=%s&auth_timestamp=1&auth_version=1.0", rig->app_settings.key);
    if (body.len > 0) {
        char hex[DIGEST_MD5_HEX_LEN];

        digest_md5(body, hex);
        buffer_printf(&query, "&body_md5=%.*s", DIGEST_MD5_HEX_LEN, hex);
    }
    buffer_append_text(&query, more);
    buffer_printf(&target, "%s?%s", path, buffer_text(&query));
    api_rig_sign(rig, method, path, buffer_text(&query), &target);
    api_rig_append_request(request, method, buffer_text(&target), body);
    buffer_deinit(&target);
    buffer_deinit(&query);
}

/* Sends the call, for an answer that comes at once. */
static inline unsigned api_rig_call(struct api_rig *rig, const char *method, const char *path,
                                    const char *more, struct bytes body, struct bytes *answer)
{
    struct buffer request = {0};

    api_rig_append_call(rig, &request, method, path, more, body);
    api_rig_feed(rig, &request);
    buffer_deinit(&request);
    return api_rig_answer(rig, answer);
}
