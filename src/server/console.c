#include "server/console.h"

#include "api/parameters.h"
#include "base/jsonwrite.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "pusher/encode.h"
#include "pusher/limits.h"
#include "pusher/publish.h"
#include "pusher/socket_id.h"
#include "pusher/terminate.h"
#include "server/listing.h"

#define WATCHERS_COUNT_MAX 16
#define UNASKED_MS 5000

struct watcher {
    struct list link;
    uint64_t number;
    struct observer_tail_watcher *tail;
    uint64_t asked_ms;
};

/* Absent if it is not given, or empty. */
static struct bytes value_of(const struct api_parameters *parameters, const char *name)
{
    const struct bytes value = api_parameters_value(parameters, bytes_of(name));

    return value.len > 0 ? value : BYTES_NONE;
}

static void refuse(struct admin_page *page, unsigned status, const char *text)
{
    page->status = status;
    buffer_append_text(&page->body, text);
    buffer_append_char(&page->body, '\n');
}

/* --- the live tail -------------------------------------------------------------------------- */

static void remove_watcher(struct server_state *server, struct watcher *watcher)
{
    list_remove(&watcher->link);
    server->console_watchers_count--;
    observer_tail_unwatch(server->tail, watcher->tail);
    free(watcher);
}

static struct watcher *find_watcher(struct server_state *server, struct bytes text)
{
    uint64_t number;

    if (!bytes_to_number(text, UINT64_MAX - 1, &number))
        return NULL;
    LIST_EACH(link, following, &server->console_watchers) {
        struct watcher *watcher = LIST_OWNER(link, struct watcher, link);

        if (watcher->number == number)
            return watcher;
    }
    return NULL;
}

static struct watcher *new_watcher(struct server_state *server,
                                   const struct api_parameters *parameters)
{
    struct watcher *watcher = mem_new(sizeof *watcher);

    watcher->number = ++server->console_watcher_number;
    watcher->tail =
        observer_tail_watch(server->tail, &(struct observer_tail_filter){
                                              .app = value_of(parameters, "app"),
                                              .channel = value_of(parameters, "channel"),
                                              .event = value_of(parameters, "event"),
                                              .user = value_of(parameters, "user"),
                                          });
    list_append(&server->console_watchers, &watcher->link);
    server->console_watchers_count++;
    return watcher;
}

static void write_tail(struct server_state *server, const struct api_parameters *parameters,
                       struct admin_page *page)
{
    struct watcher *watcher = find_watcher(server, value_of(parameters, "watcher"));

    if (watcher == NULL && server->console_watchers_count >= WATCHERS_COUNT_MAX) {
        refuse(page, 503, "too many consoles are watching");
        return;
    }
    if (watcher == NULL)
        watcher = new_watcher(server, parameters);
    watcher->asked_ms = uv_now(&server->loop);
    observer_tail_take(server->tail, watcher->tail, &page->body);
    buffer_printf(&page->headers, "X-Reverb-Watcher: %llu\r\n",
                  (unsigned long long)watcher->number);
}

void server_console_tick(struct server_state *server)
{
    observer_busy_rest(server->busy);
    LIST_EACH(link, following, &server->console_watchers) {
        struct watcher *watcher = LIST_OWNER(link, struct watcher, link);

        if (uv_now(&server->loop) - watcher->asked_ms > UNASKED_MS)
            remove_watcher(server, watcher);
    }
}

void server_console_close(struct server_state *server)
{
    LIST_EACH(link, following, &server->console_watchers) {
        remove_watcher(server, LIST_OWNER(link, struct watcher, link));
    }
}

/* --- steering ------------------------------------------------------------------------------- */

/* What a worker is to do: publish, or end a user's connections. */
struct steer_mail {
    struct net_mail mail;
    struct pusher_worker *worker;
    struct pusher_app *app;     /* a reference */
    struct buffer name;         /* the channel, or the user's id */
    struct ws_message *message; /* NULL: end connections */
};

static void on_steer_mail(struct net_mail *mail, void *owner)
{
    struct steer_mail *steer = (struct steer_mail *)mail;
    const struct bytes name = buffer_bytes(&steer->name);

    (void)owner;
    if (steer->message == NULL) {
        pusher_terminate_user(steer->worker, steer->app, name);
    } else {
        struct pusher_publish_target target = pusher_publish_target_of(steer->app, name);

        if (pusher_publish_is_possible(steer->worker, &target))
            pusher_publish(steer->worker, &target, steer->message, 0);
        pusher_publish_target_release(&target);
        ws_message_unref(steer->message);
    }
    pusher_app_unref(steer->app);
    buffer_deinit(&steer->name);
    free(steer);
}

static void post_steer(struct server_state *server, struct pusher_app *app, struct bytes name,
                       struct ws_message *message)
{
    struct steer_mail *steer = mem_new(sizeof *steer);

    steer->mail.deliver = on_steer_mail;
    steer->worker = &server->pusher_workers[0];
    steer->app = pusher_app_ref(app);
    buffer_append_bytes(&steer->name, name);
    steer->message = message;
    NET_MAILBOX_POST(&server->workers[0].loop.mailbox, steer);
}

static struct ws_message *new_message(const struct api_parameters *parameters)
{
    struct buffer parts[3] = {0};
    struct buffer text = {0};
    struct ws_message *message;

    jsonwrite_string(&parts[0], value_of(parameters, "event"));
    jsonwrite_string(&parts[1], value_of(parameters, "channel"));
    jsonwrite_string(&parts[2], value_of(parameters, "data"));
    pusher_encode_broadcast(&text, buffer_bytes(&parts[0]), buffer_bytes(&parts[1]),
                            buffer_bytes(&parts[2]), BYTES_NONE);
    message = ws_message_new(buffer_bytes(&text));
    for (size_t i = 0; i < 3; i++)
        buffer_deinit(&parts[i]);
    buffer_deinit(&text);
    return message;
}

/* A client ends its connection at a text that is no UTF-8, and a URL can hold any bytes. */
static bool is_text(const struct api_parameters *parameters, const char *name)
{
    return utf8_is_valid(value_of(parameters, name));
}

static void publish(struct server_state *server, struct pusher_app *app,
                    const struct api_parameters *parameters, struct admin_page *page)
{
    const struct bytes channel = value_of(parameters, "channel");

    if (channel.len == 0 || !pusher_limits_is_name(pusher_app_settings(app), channel)) {
        refuse(page, 422, "the channel's name is not valid");
    } else if (value_of(parameters, "event").len == 0) {
        refuse(page, 422, "the event needs a name");
    } else if (!is_text(parameters, "channel") || !is_text(parameters, "event") ||
               !is_text(parameters, "data")) {
        refuse(page, 422, "channel, event and data must be UTF-8");
    } else {
        post_steer(server, app, channel, new_message(parameters));
        buffer_append_text(&page->body, "The event is on its way.\n");
    }
}

static void terminate(struct server_state *server, struct pusher_app *app,
                      const struct api_parameters *parameters, struct admin_page *page)
{
    if (value_of(parameters, "user").len == 0) {
        refuse(page, 422, "which user? give an id");
    } else {
        post_steer(server, app, value_of(parameters, "user"), NULL);
        buffer_append_text(&page->body, "The user's connections are being closed.\n");
    }
}

static void disconnect(struct server_state *server, const struct api_parameters *parameters,
                       struct admin_page *page)
{
    const uint64_t id = pusher_socket_id_parse(value_of(parameters, "socket"));

    if (id == 0) {
        refuse(page, 422, "that is no socket id; they look like 1234.5678");
    } else {
        server_worker_message(&server->workers[pusher_socket_id_worker(id, server->workers_count)],
                              id, BYTES_NONE);
        buffer_append_text(&page->body, "The connection is being closed, if it is here.\n");
    }
}

static void steer(struct server_state *server, const struct api_parameters *parameters,
                  struct admin_page *page)
{
    struct pusher_app *app = pusher_apps_find_by_id(server->apps, value_of(parameters, "app"));

    if (page->kind == ADMIN_PAGE_DISCONNECT)
        disconnect(server, parameters, page);
    else if (app == NULL)
        refuse(page, 404, "there is no app with that id");
    else if (page->kind == ADMIN_PAGE_PUBLISH)
        publish(server, app, parameters, page);
    else
        terminate(server, app, parameters, page);
}

/* --- lists ---------------------------------------------------------------------------------- */

static void write_members(struct server_state *server, const struct api_parameters *parameters,
                          struct admin_page *page)
{
    struct pusher_app *app = pusher_apps_find_by_id(server->apps, value_of(parameters, "app"));
    const struct bytes channel = value_of(parameters, "channel");

    if (app == NULL)
        refuse(page, 404, "there is no app with that id");
    else if (!channel_kind_of(channel).is_presence)
        refuse(page, 422, "only presence channels have members: presence-…");
    else
        server_listing_write_members(&page->body, app, channel);
}

/* --- pages ---------------------------------------------------------------------------------- */

bool server_console_write(struct server_state *server, struct admin_page *page)
{
    struct api_parameters parameters;

    if (page->kind < ADMIN_PAGE_TAIL)
        return false;
    if (!api_parameters_read(&parameters, buffer_bytes(&page->query))) {
        refuse(page, 422, "too many parameters");
    } else if (page->kind == ADMIN_PAGE_TAIL) {
        write_tail(server, &parameters, page);
    } else if (page->kind == ADMIN_PAGE_BUSY) {
        buffer_append_text(&page->body, "{\"channels\":");
        observer_busy_write(server->busy, server->apps, &page->body);
        buffer_append_text(&page->body, "}\n");
    } else if (page->kind == ADMIN_PAGE_MEMBERS) {
        write_members(server, &parameters, page);
    } else if (page->kind == ADMIN_PAGE_NODES) {
        server_listing_write_nodes(&page->body, server->cluster);
    } else {
        steer(server, &parameters, page);
    }
    api_parameters_deinit(&parameters);
    return true;
}
