#include "observer/tail.h"

#include "base/jsonwrite.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "pusher/decode.h"
#include "pusher/session.h"
#include "pusher/socket_id.h"

#include <pthread.h>
#include <time.h>

#define LINES_PER_S_MAX 1000
#define PENDING_BYTES_MAX ((size_t)1024 * 1024)
#define MESSAGE_LEN_MAX 2000

struct observer_tail {
    struct pusher_observers observer;
    atomic_size_t watchers_count; /* so that workers need no lock if there is none */
    pthread_mutex_t lock;
    struct list watchers;
};

struct observer_tail_watcher {
    struct list link;
    char *app;
    char *channel;
    char *event;
    char *user;
    struct buffer pending;
    time_t second; /* that of `lines_count` */
    size_t lines_count;
    uint64_t skipped_count;
};

/* What happened; what does not apply is absent. */
struct happening {
    const char *kind;
    const struct pusher_app *app;
    const struct pusher_session *session;
    struct bytes channel;
    struct bytes message;
    uint16_t code;    /* of a close */
    bool has_address; /* the client's is shown */
};

/* --- what a watcher wants ------------------------------------------------------------------- */

/* Whether the pattern, in which * stands for any text, describes all of `text`. */
static bool matches(const char *pattern, struct bytes text)
{
    const char *star = NULL;
    size_t from = 0; /* where the text that the last star stands for ends */
    size_t at = 0;

    if (pattern == NULL)
        return true;
    while (at < text.len) {
        if (*pattern == '*') {
            star = pattern++;
            from = at;
        } else if (*pattern == text.data[at] && *pattern != '\0') {
            pattern++;
            at++;
        } else if (star != NULL) {
            pattern = star + 1;
            at = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return text.data != NULL && *pattern == '\0';
}

/* Channel and event of a message of the protocol. */
struct parts {
    struct pusher_decode_message message;
    struct buffer scratch;
    struct bytes channel;
    bool is_read;
};

static void read_parts(struct parts *parts, const struct happening *what)
{
    if (parts->is_read)
        return;
    parts->is_read = true;
    parts->channel = what->channel;
    if (what->message.data == NULL || !pusher_decode(&parts->message, what->message))
        return;
    if (parts->channel.data == NULL && parts->message.channel.type == JSONSCAN_STRING)
        parts->channel = jsonscan_text(&parts->message.channel, &parts->scratch);
}

static struct bytes user_of(const struct happening *what)
{
    const struct pusher_session *session = what->session;

    return session != NULL && session->user != NULL ? session->user->id : BYTES_NONE;
}

static bool wants(const struct observer_tail_watcher *watcher, const struct happening *what,
                  struct parts *parts)
{
    if (!matches(watcher->app, bytes_of(what->app->id)) || !matches(watcher->user, user_of(what)))
        return false;
    if (watcher->channel == NULL && watcher->event == NULL)
        return true;
    read_parts(parts, what);
    return matches(watcher->channel, parts->channel) &&
           matches(watcher->event, parts->message.event);
}

/* Whether the watcher has room for one more line in this second. */
static bool has_room(struct observer_tail_watcher *watcher, time_t now)
{
    if (watcher->second != now) {
        watcher->second = now;
        watcher->lines_count = 0;
    }
    if (watcher->lines_count < LINES_PER_S_MAX && watcher->pending.len < PENDING_BYTES_MAX)
        return true;
    watcher->skipped_count++;
    return false;
}

/* --- lines ---------------------------------------------------------------------------------- */

static void append(struct buffer *line, const char *key, struct bytes text)
{
    if (text.data == NULL)
        return;
    buffer_printf(line, ",\"%s\":", key);
    jsonwrite_string(line, text);
}

static void write_line(struct buffer *line, const struct happening *what, struct parts *parts,
                       const struct timespec *now)
{
    char socket_id[PUSHER_SOCKET_ID_LEN_MAX];
    char client[NET_CONN_CLIENT_LEN_MAX];

    read_parts(parts, what);
    buffer_printf(line, "{\"at\":%lld.%03ld,\"app\":", (long long)now->tv_sec,
                  now->tv_nsec / 1000000);
    jsonwrite_string(line, bytes_of(what->app->id));
    buffer_printf(line, ",\"kind\":\"%s\"", what->kind);
    if (what->session != NULL)
        append(
            line, "socket_id",
            (struct bytes){socket_id, pusher_socket_id_write(what->session->socket_id, socket_id)});
    if (what->has_address && what->session->ws.net != NULL) {
        net_conn_client_text(what->session->ws.net, client);
        append(line, "address", bytes_of(client));
    }
    append(line, "user_id", user_of(what));
    append(line, "channel", parts->channel);
    append(line, "event", parts->message.event);
    if (what->code != 0)
        buffer_printf(line, ",\"code\":%u", what->code);
    if (utf8_is_valid(what->message))
        append(line, "message", utf8_beginning(what->message, MESSAGE_LEN_MAX));
    if (what->message.len > MESSAGE_LEN_MAX)
        buffer_printf(line, ",\"bytes\":%zu", what->message.len);
    buffer_append_text(line, "}\n");
}

/* The line is written once, for all who want it. */
static void show(struct observer_tail *tail, const struct happening *what)
{
    struct parts parts = {0};
    struct buffer line = {0};
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    pthread_mutex_lock(&tail->lock);
    LIST_EACH(link, following, &tail->watchers) {
        struct observer_tail_watcher *watcher =
            LIST_OWNER(link, struct observer_tail_watcher, link);

        if (!wants(watcher, what, &parts) || !has_room(watcher, now.tv_sec))
            continue;
        if (line.len == 0)
            write_line(&line, what, &parts, &now);
        watcher->lines_count++;
        buffer_append_bytes(&watcher->pending, buffer_bytes(&line));
    }
    pthread_mutex_unlock(&tail->lock);
    pusher_decode_deinit(&parts.message);
    buffer_deinit(&parts.scratch);
    buffer_deinit(&line);
}

/* --- observers ------------------------------------------------------------------------------ */

static bool is_watched(const struct observer_tail *tail)
{
    return atomic_load_explicit(&tail->watchers_count, memory_order_relaxed) > 0;
}

static void on_connected(void *user, const struct pusher_session *session)
{
    if (is_watched(user))
        show(user, &(struct happening){.kind = "connected",
                                       .app = session->app,
                                       .session = session,
                                       .has_address = true});
}

static void on_received(void *user, const struct pusher_session *session, struct bytes message)
{
    if (is_watched(user))
        show(user,
             &(struct happening){
                 .kind = "received", .app = session->app, .session = session, .message = message});
}

static void on_replied(void *user, const struct pusher_session *session, struct bytes message)
{
    if (is_watched(user))
        show(user,
             &(struct happening){
                 .kind = "sent", .app = session->app, .session = session, .message = message});
}

static void on_broadcast(void *user, const struct pusher_app *app, struct bytes channel,
                         struct bytes message)
{
    if (is_watched(user))
        show(user, &(struct happening){
                       .kind = "published", .app = app, .channel = channel, .message = message});
}

static void on_closed(void *user, const struct pusher_session *session)
{
    if (is_watched(user) && session->app != NULL)
        show(user, &(struct happening){.kind = "closed",
                                       .app = session->app,
                                       .session = session,
                                       .code = session->close_code});
}

static const struct pusher_observers_events events = {
    .on_connected = on_connected,
    .on_received = on_received,
    .on_replied = on_replied,
    .on_broadcast = on_broadcast,
    .on_closed = on_closed,
};

/* --- life ----------------------------------------------------------------------------------- */

struct observer_tail *observer_tail_new(void)
{
    struct observer_tail *tail = mem_new(sizeof *tail);

    pthread_mutex_init(&tail->lock, NULL);
    list_init(&tail->watchers);
    return tail;
}

void observer_tail_free(struct observer_tail *tail)
{
    if (tail == NULL)
        return;
    LIST_EACH(link, following, &tail->watchers) {
        observer_tail_unwatch(tail, LIST_OWNER(link, struct observer_tail_watcher, link));
    }
    pthread_mutex_destroy(&tail->lock);
    free(tail);
}

const struct pusher_observers *observer_tail_listen(struct observer_tail *tail,
                                                    const struct pusher_observers *next)
{
    tail->observer = (struct pusher_observers){.events = &events, .user = tail, .next = next};
    return &tail->observer;
}

static char *copy(struct bytes text)
{
    return text.data != NULL ? bytes_copy(text) : NULL;
}

struct observer_tail_watcher *observer_tail_watch(struct observer_tail *tail,
                                                  const struct observer_tail_filter *filter)
{
    struct observer_tail_watcher *watcher = mem_new(sizeof *watcher);

    watcher->app = copy(filter->app);
    watcher->channel = copy(filter->channel);
    watcher->event = copy(filter->event);
    watcher->user = copy(filter->user);
    pthread_mutex_lock(&tail->lock);
    list_append(&tail->watchers, &watcher->link);
    atomic_fetch_add(&tail->watchers_count, 1);
    pthread_mutex_unlock(&tail->lock);
    return watcher;
}

void observer_tail_unwatch(struct observer_tail *tail, struct observer_tail_watcher *watcher)
{
    pthread_mutex_lock(&tail->lock);
    list_remove(&watcher->link);
    atomic_fetch_sub(&tail->watchers_count, 1);
    pthread_mutex_unlock(&tail->lock);
    free(watcher->app);
    free(watcher->channel);
    free(watcher->event);
    free(watcher->user);
    buffer_deinit(&watcher->pending);
    free(watcher);
}

void observer_tail_take(struct observer_tail *tail, struct observer_tail_watcher *watcher,
                        struct buffer *out)
{
    pthread_mutex_lock(&tail->lock);
    buffer_append_bytes(out, buffer_bytes(&watcher->pending));
    if (watcher->skipped_count > 0)
        buffer_printf(out, "{\"skipped\":%llu}\n", (unsigned long long)watcher->skipped_count);
    buffer_clear(&watcher->pending);
    watcher->skipped_count = 0;
    pthread_mutex_unlock(&tail->lock);
}
