#include "observer/laravel.h"

#include "base/check.h"
#include "base/jsonwrite.h"
#include "base/mem.h"
#include "config/nearest.h"
#include "pusher/session.h"
#include "pusher/socket_id.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

/* Workers append whole lines to `pending` under a lock, which also gives them one order. The main
 * thread takes all of `pending` at once and writes it as fast as the reader reads. */

/* How much may wait for the reader; events beyond it are dropped and counted. Sums are never
 * dropped: if there is no room, they are reported together with the next interval's. */
#define PENDING_BYTES_MAX ((size_t)4 * 1024 * 1024)
/* Webhooks have as much again: masses of other events do not crowd them out. */
#define PENDING_WITH_WEBHOOKS_BYTES_MAX (2 * PENDING_BYTES_MAX)
/* How often `pending` is taken in one turn, so that the main thread has time for other work. */
#define TAKES_MAX 16
#define FINISH_MS 2000

enum kind {
    CHANNEL_CREATED,
    CHANNEL_REMOVED,
    CONNECTION_OPENED,
    CONNECTION_CLOSED,
    CONNECTION_PRUNED,
    MESSAGE_RECEIVED,
    MESSAGE_SENT,
    MEMBER_ADDED,
    MEMBER_REMOVED,
    SUMS,
    KINDS_COUNT,
};

static const char *const kind_names[KINDS_COUNT] = {
    "ChannelCreated",  "ChannelRemoved", "ConnectionOpened", "ConnectionClosed", "ConnectionPruned",
    "MessageReceived", "MessageSent",    "MemberAdded",      "MemberRemoved",    "sums",
};

struct observer_laravel {
    /* Fixed after start. */
    int fd;
    unsigned kinds; /* one bit for each kind */
    struct pusher_observers_events events;
    struct pusher_observers observer;
    struct pusher_apps *apps;
    bool has_started;

    /* Any thread, under the lock. */
    pthread_mutex_t lock;
    struct buffer pending;
    uint64_t dropped_count;

    /* Main. */
    uv_async_t wake;
    uv_poll_t poll;
    uv_timer_t tick;
    struct buffer writing;
    size_t written_len;
    atomic_bool is_broken; /* the reader is gone; others read it */
};

static bool wants(const struct observer_laravel *laravel, enum kind kind)
{
    return laravel->kinds >> kind & 1;
}

/* --- lines ---------------------------------------------------------------------------------- */

/* Adds the line's end. Returns whether the line is taken: what waits may have `bytes_max` with it,
 * and a line for which nothing else waits is always taken. */
static bool put_line(struct observer_laravel *laravel, struct buffer *line, size_t bytes_max,
                     bool is_counted)
{
    bool was_empty;
    bool has_room;

    buffer_append_text(line, "}\n");
    pthread_mutex_lock(&laravel->lock);
    was_empty = laravel->pending.len == 0;
    has_room = was_empty || laravel->pending.len + line->len <= bytes_max;
    if (has_room)
        buffer_append_bytes(&laravel->pending, buffer_bytes(line));
    else if (is_counted)
        laravel->dropped_count++;
    pthread_mutex_unlock(&laravel->lock);
    buffer_deinit(line);
    if (was_empty && laravel->has_started)
        uv_async_send(&laravel->wake);
    return has_room;
}

/* Takes the line. One that `must` be reported is queued beyond the limit, too. */
static void report_line(struct observer_laravel *laravel, struct buffer *line, bool must)
{
    put_line(laravel, line, must ? SIZE_MAX : PENDING_BYTES_MAX, true);
}

static void report(struct observer_laravel *laravel, struct buffer *line)
{
    report_line(laravel, line, false);
}

static bool has_room(struct observer_laravel *laravel)
{
    bool has;

    pthread_mutex_lock(&laravel->lock);
    has = laravel->pending.len < PENDING_BYTES_MAX;
    pthread_mutex_unlock(&laravel->lock);
    return has;
}

static void begin(struct buffer *line, enum kind kind, const struct pusher_app *app)
{
    buffer_printf(line, "{\"event\":\"%s\",\"app\":", kind_names[kind]);
    jsonwrite_string(line, bytes_of(app->id));
}

static void append(struct buffer *line, const char *key, struct bytes text)
{
    buffer_printf(line, ",\"%s\":", key);
    jsonwrite_string(line, text);
}

/* The loop's clock has an arbitrary start; Laravel needs Unix time. */
static long long seen_at(const struct pusher_session *session)
{
    const uint64_t ago_ms = net_loop_now_ms(session->worker->loop) - session->seen_ms;

    return (long long)time(NULL) - (long long)(ago_ms / 1000);
}

static void notify_session(struct observer_laravel *laravel, enum kind kind,
                           const struct pusher_session *session, struct bytes message)
{
    char socket_id[PUSHER_SOCKET_ID_LEN_MAX];
    struct buffer line = {0};

    begin(&line, kind, session->app);
    append(&line, "socket_id",
           (struct bytes){socket_id, pusher_socket_id_write(session->socket_id, socket_id)});
    if (session->origin.data != NULL)
        append(&line, "origin", session->origin);
    if (session->seen_ms != 0)
        buffer_printf(&line, ",\"seen\":%lld", seen_at(session));
    if (session->uses_control_frames)
        buffer_append_text(&line, ",\"uses_control_frames\":true");
    if (message.data != NULL)
        append(&line, "message", message);
    report(laravel, &line);
}

static void on_connected(void *user, const struct pusher_session *session)
{
    notify_session(user, CONNECTION_OPENED, session, BYTES_NONE);
}

static void on_closed(void *user, const struct pusher_session *session)
{
    if (session->state == PUSHER_SESSION_ESTABLISHED)
        notify_session(user, CONNECTION_CLOSED, session, BYTES_NONE);
}

static void on_pruned(void *user, const struct pusher_session *session)
{
    notify_session(user, CONNECTION_PRUNED, session, BYTES_NONE);
}

static void on_handled(void *user, const struct pusher_session *session, struct bytes message)
{
    struct observer_laravel *laravel = user;

    if (wants(laravel, SUMS))
        atomic_fetch_add_explicit(&session->app->messages_received, 1, memory_order_relaxed);
    if (wants(laravel, MESSAGE_RECEIVED))
        notify_session(laravel, MESSAGE_RECEIVED, session, message);
}

static void on_sent(void *user, const struct pusher_session *session, struct bytes message)
{
    notify_session(user, MESSAGE_SENT, session, message);
}

static void on_sent_count(void *user, struct pusher_app *app, size_t count)
{
    (void)user;
    atomic_fetch_add_explicit(&app->messages_sent, count, memory_order_relaxed);
}

static void notify_channel(struct observer_laravel *laravel, enum kind kind,
                           const struct pusher_app *app, struct bytes channel)
{
    struct buffer line = {0};

    begin(&line, kind, app);
    append(&line, "channel", channel);
    report(laravel, &line);
}

static void on_channel_created(void *user, const struct pusher_app *app, struct bytes channel)
{
    notify_channel(user, CHANNEL_CREATED, app, channel);
}

static void on_channel_removed(void *user, const struct pusher_app *app, struct bytes channel)
{
    notify_channel(user, CHANNEL_REMOVED, app, channel);
}

static void on_member_added(void *user, const struct pusher_app *app, struct bytes channel,
                            struct bytes user_id, struct bytes user_info)
{
    struct buffer line = {0};

    begin(&line, MEMBER_ADDED, app);
    append(&line, "channel", channel);
    append(&line, "user_id", user_id);
    append(&line, "user_info", user_info);
    report(user, &line);
}

static void on_member_removed(void *user, const struct pusher_app *app, struct bytes channel,
                              struct bytes user_id)
{
    struct buffer line = {0};

    begin(&line, MEMBER_REMOVED, app);
    append(&line, "channel", channel);
    append(&line, "user_id", user_id);
    report(user, &line);
}

/* --- sums ----------------------------------------------------------------------------------- */

static void report_sums(struct observer_laravel *laravel)
{
    struct buffer line = {0};
    bool has_any = false;

    if (!wants(laravel, SUMS) || laravel->apps == NULL)
        return;
    buffer_printf(&line, "{\"event\":\"sums\",\"at\":%lld,\"apps\":{", (long long)time(NULL));
    for (struct pusher_app *app = pusher_apps_first(laravel->apps); app != NULL; app = app->next) {
        const uint64_t sent = atomic_exchange(&app->messages_sent, 0);
        const uint64_t received = atomic_exchange(&app->messages_received, 0);

        if (sent == 0 && received == 0)
            continue;
        if (has_any)
            buffer_append_char(&line, ',');
        has_any = true;
        jsonwrite_string(&line, bytes_of(app->id));
        buffer_printf(&line, ":[%llu,%llu]", (unsigned long long)sent,
                      (unsigned long long)received);
    }
    buffer_append_char(&line, '}');
    if (has_any)
        report_line(laravel, &line, true);
    else
        buffer_deinit(&line);
}

static void on_tick(uv_timer_t *tick)
{
    if (has_room(tick->data))
        report_sums(tick->data);
}

void observer_laravel_ask_config(struct observer_laravel *laravel)
{
    struct buffer line = {0};

    buffer_append_text(&line, "{\"event\":\"config\"");
    report_line(laravel, &line, true);
}

void observer_laravel_ask_restart(struct observer_laravel *laravel)
{
    struct buffer line = {0};

    buffer_append_text(&line, "{\"event\":\"restart\"");
    report_line(laravel, &line, true);
}

void observer_laravel_say_awaiting(struct observer_laravel *laravel, const char *control_path)
{
    struct buffer line = {0};

    report_sums(laravel);
    buffer_append_text(&line, "{\"event\":\"awaiting\"");
    append(&line, "control", bytes_of(control_path));
    report_line(laravel, &line, true);
}

const char *observer_laravel_send_webhook(struct observer_laravel *laravel, struct bytes app_id,
                                          struct bytes body)
{
    struct buffer line = {0};

    if (laravel->is_broken)
        return "artisan does not read any more";
    buffer_append_text(&line, "{\"event\":\"webhook\"");
    append(&line, "app", app_id);
    buffer_append_text(&line, ",\"body\":");
    buffer_append_bytes(&line, body);
    if (put_line(laravel, &line, PENDING_WITH_WEBHOOKS_BYTES_MAX, false))
        return NULL;
    return "artisan has not read what came before: its listeners are slow; queue them";
}

/* --- writing -------------------------------------------------------------------------------- */

/* Moves all pending lines to `writing`; false if there are none. */
static bool take_pending(struct observer_laravel *laravel)
{
    struct buffer empty = laravel->writing;
    uint64_t dropped_count;

    buffer_clear(&empty);
    laravel->written_len = 0;
    pthread_mutex_lock(&laravel->lock);
    laravel->writing = laravel->pending;
    laravel->pending = empty;
    dropped_count = laravel->dropped_count;
    laravel->dropped_count = 0;
    pthread_mutex_unlock(&laravel->lock);
    if (dropped_count > 0)
        buffer_printf(&laravel->writing, "{\"event\":\"dropped\",\"count\":%llu}\n",
                      (unsigned long long)dropped_count);
    return laravel->writing.len > 0;
}

/* Returns true if the reader takes nothing more for now. */
static bool write_all(struct observer_laravel *laravel)
{
    while (laravel->written_len < laravel->writing.len) {
        const ssize_t len = write(laravel->fd, laravel->writing.data + laravel->written_len,
                                  laravel->writing.len - laravel->written_len);

        if (len >= 0)
            laravel->written_len += (size_t)len;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return true;
        else if (errno != EINTR)
            laravel->is_broken = true;
        if (laravel->is_broken)
            laravel->written_len = laravel->writing.len;
    }
    return false;
}

static void on_writable(uv_poll_t *poll_handle, int status, int events);

static void write_pending(struct observer_laravel *laravel)
{
    for (int takes = 0; takes < TAKES_MAX; takes++) {
        if (write_all(laravel)) {
            uv_poll_start(&laravel->poll, UV_WRITABLE, on_writable);
            return;
        }
        if (!take_pending(laravel)) {
            uv_poll_stop(&laravel->poll);
            return;
        }
    }
    uv_async_send(&laravel->wake); /* let the loop's other handles run first */
}

static void on_writable(uv_poll_t *poll_handle, int status, int events)
{
    struct observer_laravel *laravel = poll_handle->data;

    (void)events;
    if (status < 0)
        laravel->is_broken = true;
    write_pending(laravel);
}

static void on_wake(uv_async_t *wake)
{
    write_pending(wake->data);
}

void observer_laravel_finish(struct observer_laravel *laravel)
{
    struct pollfd wait = {.fd = laravel->fd, .events = POLLOUT};

    report_sums(laravel);
    do {
        while (write_all(laravel))
            if (poll(&wait, 1, FINISH_MS) <= 0)
                return;
    } while (take_pending(laravel));
}

/* --- life ----------------------------------------------------------------------------------- */

static bool read_kinds(struct observer_laravel *laravel, const char *kinds, struct buffer *error)
{
    struct bytes rest = bytes_of(kinds);
    struct bytes name;

    while (rest.len > 0 && bytes_next(&rest, ',', &name)) {
        unsigned kind = 0;

        while (kind < KINDS_COUNT && !bytes_equal(name, bytes_of(kind_names[kind])))
            kind++;
        if (kind == KINDS_COUNT) {
            char *given = bytes_copy(name);

            buffer_printf(error, "--events: \"%s\" is no kind of event; did you mean %s?", given,
                          config_nearest(given, kind_names, KINDS_COUNT));
            free(given);
            return false;
        }
        laravel->kinds |= 1u << kind;
    }
    return true;
}

/* The events that the application does not listen to stay NULL, and so cost nothing. */
static void choose_events(struct observer_laravel *laravel)
{
    struct pusher_observers_events *events = &laravel->events;

    if (wants(laravel, CHANNEL_CREATED))
        events->on_channel_created = on_channel_created;
    if (wants(laravel, CHANNEL_REMOVED))
        events->on_channel_removed = on_channel_removed;
    if (wants(laravel, CONNECTION_OPENED))
        events->on_connected = on_connected;
    if (wants(laravel, CONNECTION_CLOSED))
        events->on_closed = on_closed;
    if (wants(laravel, CONNECTION_PRUNED))
        events->on_pruned = on_pruned;
    if (wants(laravel, MESSAGE_RECEIVED) || wants(laravel, SUMS))
        events->on_handled = on_handled;
    if (wants(laravel, MESSAGE_SENT))
        events->on_sent = on_sent;
    if (wants(laravel, SUMS))
        events->on_sent_count = on_sent_count;
    if (wants(laravel, MEMBER_ADDED))
        events->on_member_added = on_member_added;
    if (wants(laravel, MEMBER_REMOVED))
        events->on_member_removed = on_member_removed;
}

static bool open_descriptor(struct observer_laravel *laravel, const char *descriptor,
                            struct buffer *error)
{
    uint64_t number;

    if (bytes_to_number(bytes_of(descriptor), INT32_MAX, &number)) {
        const int flags = fcntl((int)number, F_GETFL);

        laravel->fd = (int)number;
        if (flags >= 0 && fcntl(laravel->fd, F_SETFL, flags | O_NONBLOCK) == 0) {
            fcntl(laravel->fd, F_SETFD, FD_CLOEXEC);
            return true;
        }
    }
    buffer_printf(error, "--events-fd \"%s\" is no open descriptor", descriptor);
    return false;
}

struct observer_laravel *observer_laravel_new(const char *descriptor, const char *kinds,
                                              struct buffer *error)
{
    struct observer_laravel *laravel = mem_new(sizeof *laravel);

    CHECK(pthread_mutex_init(&laravel->lock, NULL) == 0);
    if (!open_descriptor(laravel, descriptor, error) ||
        !read_kinds(laravel, kinds != NULL ? kinds : "", error)) {
        observer_laravel_free(laravel);
        return NULL;
    }
    choose_events(laravel);
    return laravel;
}

void observer_laravel_free(struct observer_laravel *laravel)
{
    if (laravel == NULL)
        return;
    pthread_mutex_destroy(&laravel->lock);
    buffer_deinit(&laravel->pending);
    buffer_deinit(&laravel->writing);
    free(laravel);
}

const struct pusher_observers *observer_laravel_listen(struct observer_laravel *laravel,
                                                       const struct pusher_observers *next)
{
    if (laravel->kinds == 0)
        return next;
    laravel->observer = (struct pusher_observers){&laravel->events, laravel, next};
    return &laravel->observer;
}

void observer_laravel_start(struct observer_laravel *laravel, uv_loop_t *loop,
                            struct pusher_apps *apps, uint32_t interval_s)
{
    const uint64_t interval_ms = (interval_s > 0 ? interval_s : 1) * UINT64_C(1000);

    laravel->apps = apps;
    CHECK(uv_async_init(loop, &laravel->wake, on_wake) == 0);
    CHECK(uv_poll_init(loop, &laravel->poll, laravel->fd) == 0);
    CHECK(uv_timer_init(loop, &laravel->tick) == 0);
    laravel->wake.data = laravel;
    laravel->poll.data = laravel;
    laravel->tick.data = laravel;
    if (wants(laravel, SUMS))
        CHECK(uv_timer_start(&laravel->tick, on_tick, interval_ms, interval_ms) == 0);
    laravel->has_started = true;
}
