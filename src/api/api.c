#include "api/api.h"

#include "api/channels.h"
#include "api/connections.h"
#include "api/events.h"
#include "api/health.h"
#include "api/signature.h"
#include "api/users.h"
#include "http/query.h"

#include <string.h>

#define SEGMENTS_COUNT_MAX 6

/* A path's pieces, decoded: "/apps/1/channels/a%20b" → apps, 1, channels, "a b". */
struct path {
    struct bytes text[SEGMENTS_COUNT_MAX];
    struct buffer decoded[SEGMENTS_COUNT_MAX]; /* of those that had escapes */
    size_t count;                              /* one more than the most means: too many */
};

typedef void (*handler_fn)(struct api_call *call);

struct route {
    const char *method;
    const char *pattern[SEGMENTS_COUNT_MAX]; /* after "apps/{id}"; "*" is the argument */
    handler_fn handle;
};

static const struct route routes[] = {
    {"POST", {"events"}, api_events_trigger},
    {"POST", {"batch_events"}, api_events_trigger_batch},
    {"GET", {"connections"}, api_connections},
    {"GET", {"channels"}, api_channels_list},
    {"GET", {"channels", "*"}, api_channels_show},
    {"GET", {"channels", "*", "users"}, api_users_of_channel},
    {"POST", {"users", "*", "terminate_connections"}, api_users_terminate},
};

void api_respond_json(struct http_conn *conn, unsigned status, struct bytes json)
{
    http_conn_respond(conn, &(struct http_response){.status = status,
                                                    .content_type = BYTES("application/json"),
                                                    .body = json});
}

void api_respond_text(struct http_conn *conn, unsigned status, struct bytes text)
{
    http_conn_respond(conn,
                      &(struct http_response){.status = status,
                                              .content_type = BYTES("text/plain; charset=utf-8"),
                                              .body = text});
}

static void respond_not_found(struct http_conn *conn)
{
    api_respond_text(conn, 404, BYTES("Not found."));
}

static void respond_wrong_method(struct http_conn *conn, const char *allowed)
{
    struct buffer headers = {0};

    buffer_printf(&headers, "Allow: %s\r\n", allowed);
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
        if (route->pattern[i][0] == '*')
            *argument = segment(path, 2 + i);
        else if (!segment_is(path, 2 + i, route->pattern[i]))
            return false;
    }
    return path->count == 2 + i;
}

/* Without the prefix; as it is where it does not begin with it: SDKs and Laravel's own monitoring
 * leave the prefix out of API calls. */
static struct bytes without_prefix(const struct api *api, struct bytes path, bool *had_prefix)
{
    *had_prefix =
        api->path.len == 0 || (bytes_starts_with(path, api->path) && path.len > api->path.len &&
                               path.data[api->path.len] == '/');
    return *had_prefix ? bytes_from(path, api->path.len) : path;
}

/* --- the call ------------------------------------------------------------------------------- */

/* `call` has its api, connection, request and MD5. */
static void call_app(struct api_call *call, const struct path *path, struct bytes signed_path)
{
    const struct route *route = NULL;
    struct buffer text = {0};

    for (size_t i = 0; i < sizeof routes / sizeof routes[0] && route == NULL; i++)
        if (matches(&routes[i], path, &call->argument))
            route = &routes[i];
    if (route == NULL) {
        respond_not_found(call->conn);
        return;
    }
    if (!bytes_equal(call->request->method, bytes_of(route->method))) {
        respond_wrong_method(call->conn, route->method);
        return;
    }
    call->app = pusher_apps_find_by_id(call->api->worker->apps, segment(path, 1));
    if (call->app == NULL) {
        buffer_append_text(&text, "No matching application for ID [");
        buffer_append_bytes(&text, segment(path, 1));
        buffer_append_text(&text, "].");
        api_respond_text(call->conn, 404, buffer_bytes(&text));
    } else if (!api_signature_check(call, signed_path, &text)) {
        api_respond_text(call->conn, 401, buffer_bytes(&text));
    } else {
        route->handle(call);
    }
    buffer_deinit(&text);
}

void api_handle_digested(struct api *api, struct http_conn *conn,
                         const struct http_request *request, const char *body_md5)
{
    struct api_call call = {.api = api, .conn = conn, .request = request, .body_md5 = body_md5};
    const bool is_get = bytes_equal(request->method, BYTES("GET"));
    bool had_prefix;
    const struct bytes plain_path = without_prefix(api, request->path, &had_prefix);
    struct path path;

    metrics_add(&api->worker->metrics->requests_handled, 1);
    path_read(&path, plain_path);
    if (segment_is(&path, 0, "apps") && path.count > 2 && path.count <= SEGMENTS_COUNT_MAX)
        call_app(&call, &path, plain_path);
    else if (had_prefix && names_key(&path) && is_get)
        api->on_websocket(api->worker, conn, request, segment(&path, 1));
    else if (had_prefix && names_key(&path))
        respond_wrong_method(conn, "GET");
    else if (segment_is(&path, 0, "up") && path.count == 1 && is_get)
        api_health(api, conn);
    else if (segment_is(&path, 0, "up") && path.count == 1)
        respond_wrong_method(conn, "GET");
    else
        respond_not_found(conn);
    path_deinit(&path);
}

void api_handle(struct api *api, struct http_conn *conn, const struct http_request *request)
{
    if (!api_md5_batch_defer(api, conn, request))
        api_handle_digested(api, conn, request, NULL);
}
