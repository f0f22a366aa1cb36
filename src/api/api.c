#include "api/api.h"

#include "api/channels.h"
#include "api/connections.h"
#include "api/events.h"
#include "api/health.h"
#include "api/parameters.h"
#include "api/signature.h"
#include "api/users.h"
#include "http/query.h"
#include "pusher/address_limits.h"
#include "pusher/apps.h"

#include <string.h>

#define SEGMENTS_COUNT_MAX 6

/* A path's pieces, decoded: "/apps/1/channels/a%20b" → apps, 1, channels, "a b". */
struct path {
    struct bytes text[SEGMENTS_COUNT_MAX];
    struct buffer decoded[SEGMENTS_COUNT_MAX]; /* storage of those with escapes */
    size_t count;                              /* SEGMENTS_COUNT_MAX + 1: too many */
};

typedef void (*handler_fn)(struct api_call *call);

struct route {
    const char *method;
    const char *pattern[SEGMENTS_COUNT_MAX]; /* after "apps/{id}"; "*" is the argument */
    handler_fn handle;
    enum metrics_requests_route counted_as;
};

static const struct route routes[] = {
    {"POST", {"events"}, api_events_trigger, METRICS_REQUESTS_EVENTS},
    {"POST", {"batch_events"}, api_events_trigger_batch, METRICS_REQUESTS_BATCH_EVENTS},
    {"GET", {"connections"}, api_connections, METRICS_REQUESTS_CONNECTIONS},
    {"GET", {"channels"}, api_channels_list, METRICS_REQUESTS_CHANNELS},
    {"GET", {"channels", "*"}, api_channels_show, METRICS_REQUESTS_CHANNEL},
    {"GET", {"channels", "*", "users"}, api_users_of_channel, METRICS_REQUESTS_CHANNEL_USERS},
    {"POST",
     {"users", "*", "terminate_connections"},
     api_users_terminate,
     METRICS_REQUESTS_TERMINATE},
};

static void respond_not_found(struct http_conn *conn)
{
    api_call_respond_text(conn, 404, BYTES("Not found."));
}

/* HEAD is GET without the body; http/conn.h leaves the body out. */
static bool is_get(struct bytes method)
{
    return bytes_equal(method, BYTES("GET")) || bytes_equal(method, BYTES("HEAD"));
}

static bool is_allowed(struct bytes method, const char *allowed)
{
    return strcmp(allowed, "GET") == 0 ? is_get(method) : bytes_equal(method, bytes_of(allowed));
}

static void respond_wrong_method(struct http_conn *conn, const char *allowed)
{
    struct buffer headers = {0};

    buffer_printf(&headers, "Allow: %s\r\n", strcmp(allowed, "GET") == 0 ? "GET, HEAD" : allowed);
    http_conn_respond(conn,
                      &(struct http_response){.status = 405,
                                              .content_type = BYTES("text/plain; charset=utf-8"),
                                              .headers = buffer_bytes(&headers),
                                              .body = BYTES("Method not allowed.")});
    buffer_deinit(&headers);
}

/* --- the path ------------------------------------------------------------------------------- */

static void path_add(struct path *path, struct bytes piece)
{
    struct buffer *decoded = &path->decoded[path->count];

    if (piece.len == 0 || memchr(piece.data, '%', piece.len) == NULL) {
        path->text[path->count++] = piece;
        return;
    }
    http_query_decode(decoded, piece, false);
    path->text[path->count++] = buffer_bytes(decoded);
}

static void path_read(struct path *path, struct bytes text)
{
    struct bytes piece;

    *path = (struct path){0};
    if (text.len == 0 || text.data[0] != '/')
        return;
    text = bytes_from(text, 1);
    while (bytes_next(&text, '/', &piece)) {
        if (path->count == SEGMENTS_COUNT_MAX) {
            path->count++;
            return;
        }
        path_add(path, piece);
    }
}

static void path_deinit(struct path *path)
{
    for (size_t i = 0; i < SEGMENTS_COUNT_MAX; i++)
        buffer_deinit(&path->decoded[i]);
}

static struct bytes segment(const struct path *path, size_t index)
{
    return index < path->count && index < SEGMENTS_COUNT_MAX ? path->text[index] : BYTES("");
}

static bool segment_is(const struct path *path, size_t index, const char *text)
{
    return index < path->count && bytes_equal(segment(path, index), bytes_of(text));
}

/* "/app/{key}" */
static bool names_key(const struct path *path)
{
    return path->count == 2 && segment_is(path, 0, "app") && segment(path, 1).len > 0;
}

static bool matches(const struct route *route, const struct path *path, struct bytes *argument)
{
    size_t i = 0;

    for (; route->pattern[i] != NULL; i++) {
        if (2 + i >= path->count)
            return false;
        if (route->pattern[i][0] == '*' && segment(path, 2 + i).len > 0)
            *argument = segment(path, 2 + i);
        else if (!segment_is(path, 2 + i, route->pattern[i]))
            return false;
    }
    return path->count == 2 + i;
}

/* The path without the prefix; unchanged if it has none: SDKs and Laravel's own monitoring leave
 * the prefix out of API calls. */
static struct bytes without_prefix(const struct api *api, struct bytes path, bool *had_prefix)
{
    *had_prefix =
        api->path.len == 0 || (bytes_starts_with(path, api->path) && path.len > api->path.len &&
                               path.data[api->path.len] == '/');
    return *had_prefix ? bytes_from(path, api->path.len) : path;
}

/* --- the call ------------------------------------------------------------------------------- */

static const struct route *find_route(const struct path *path, struct bytes *argument)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (matches(&routes[i], path, argument))
            return &routes[i];
    return NULL;
}

static void note_rejected(const struct api_call *call, enum metrics_app_reject reason)
{
    pusher_worker_note_rejected(call->worker, call->app, reason, http_conn_net(call->conn));
}

static void respond_no_app(const struct api_call *call, struct bytes id)
{
    struct buffer text = {0};

    note_rejected(call, METRICS_APP_REJECT_KEY);
    buffer_append_text(&text, "No matching application for ID [");
    buffer_append_bytes(&text, id);
    buffer_append_text(&text, "].");
    api_call_respond_text(call->conn, 404, buffer_bytes(&text));
    buffer_deinit(&text);
}

static void respond_too_many(const struct api_call *call)
{
    note_rejected(call, METRICS_APP_REJECT_ADDRESS);
    http_conn_respond(
        call->conn, &(struct http_response){.status = 429,
                                            .content_type = BYTES("text/plain; charset=utf-8"),
                                            .headers = BYTES("Retry-After: 1\r\n"),
                                            .body = BYTES("Too many requests from this address.")});
}

static bool check_call(struct api_call *call, struct api_parameters *parameters,
                       struct bytes signed_path, struct api_signature_refusal *refusal)
{
    call->parameters = parameters;
    if (api_parameters_read(parameters, call->request->query))
        return api_signature_check(call, signed_path, refusal);
    refusal->reason = METRICS_APP_REJECT_SIGNATURE;
    buffer_append_text(&refusal->text, "Too many query parameters.");
    return false;
}

/* `call` has its api, connection, request and MD5. */
static void call_app(struct api_call *call, const struct path *path, struct bytes signed_path)
{
    const struct route *route = find_route(path, &call->argument);
    struct api_parameters parameters;
    struct api_signature_refusal refusal = {0};

    if (route == NULL) {
        respond_not_found(call->conn);
        return;
    }
    http_conn_set_label(call->conn, NULL, route->counted_as);
    if (!is_allowed(call->request->method, route->method)) {
        respond_wrong_method(call->conn, route->method);
        return;
    }
    call->app = pusher_apps_find_by_id(call->worker->apps, segment(path, 1));
    if (call->app == NULL) {
        respond_no_app(call, segment(path, 1));
        return;
    }
    http_conn_set_label(call->conn, call->app, route->counted_as);
    if (!pusher_address_limits_take_request(call->worker, call->app, http_conn_net(call->conn))) {
        respond_too_many(call);
        return;
    }
    if (check_call(call, &parameters, signed_path, &refusal)) {
        route->handle(call);
    } else {
        note_rejected(call, refusal.reason);
        api_call_respond_text(call->conn, 401, buffer_bytes(&refusal.text));
    }
    api_parameters_deinit(&parameters);
    buffer_deinit(&refusal.text);
}

/* A HEAD never opens a WebSocket: it is answered like a GET without upgrade headers. */
static void call_websocket(struct api *api, struct http_conn *conn,
                           const struct http_request *request, struct bytes key)
{
    struct http_request plain = *request;

    if (bytes_equal(request->method, BYTES("HEAD")))
        plain.headers_count = 0;
    api->on_websocket(api->worker, conn, &plain, key);
}

static void handle_get(struct api *api, const struct api_call *call, const struct path *path,
                       bool is_websocket)
{
    http_conn_set_label(call->conn, NULL,
                        is_websocket ? METRICS_REQUESTS_WEBSOCKET : METRICS_REQUESTS_UP);
    if (!is_get(call->request->method))
        respond_wrong_method(call->conn, "GET");
    else if (is_websocket)
        call_websocket(api, call->conn, call->request, segment(path, 1));
    else
        api_health(call);
}

static void handle(struct api *api, struct http_conn *conn, const struct http_request *request,
                   const char *body_md5)
{
    struct api_call call = {
        .worker = api->worker,
        .cluster = api->cluster,
        .queries = api->queries != NULL ? api->queries : &api_cluster_queries,
        .stalled_workers_count = api->stalled_workers_count,
        .is_lame_duck = api->is_lame_duck,
        .is_debug = api->is_debug,
        .conn = conn,
        .request = request,
        .body_md5 = body_md5,
    };
    bool had_prefix;
    const struct bytes plain_path = without_prefix(api, request->path, &had_prefix);
    struct path path;

    metrics_add(&api->worker->metrics->requests_handled, 1);
    path_read(&path, plain_path);
    if (!http_conn_is_allowed(conn) && !(had_prefix && names_key(&path)))
        respond_too_many(&call);
    else if (segment_is(&path, 0, "apps") && path.count > 2 && path.count <= SEGMENTS_COUNT_MAX)
        call_app(&call, &path, plain_path);
    else if (had_prefix && names_key(&path))
        handle_get(api, &call, &path, true);
    else if (segment_is(&path, 0, "up") && path.count == 1)
        handle_get(api, &call, &path, false);
    else
        respond_not_found(conn);
    path_deinit(&path);
}

static void handle_digested(struct http_conn *conn, const struct http_request *request,
                            const char *body_md5, void *user)
{
    handle(user, conn, request, body_md5);
}

void api_handle(struct api *api, struct http_conn *conn, const struct http_request *request)
{
    if (!http_conn_is_allowed(conn) ||
        !api_md5_batch_defer(&api->md5_batch, api->worker->loop, conn, request))
        handle(api, conn, request, NULL);
}

void api_end_turn(struct api *api)
{
    api_md5_batch_end_turn(&api->md5_batch, handle_digested, api);
}
