#include "pusher/worker.h"

#include "base/check.h"
#include "base/hash.h"
#include "pusher/session.h"

static struct channel_subscriber *find_subscriber(void *user, uint64_t socket_id)
{
    struct pusher_session *session = pusher_worker_find(user, socket_id);

    return session ? &session->subscriber : NULL;
}

static void on_slow_reader(struct ws_conn *ws)
{
    pusher_session_close_slow(pusher_session_of(ws));
}

/* --- what was sent, to observers ------------------------------------------------------------- */

static void on_sent(struct ws_conn *ws, const struct ws_message *message)
{
    const struct pusher_session *session = pusher_session_of(ws);

    PUSHER_OBSERVERS_NOTIFY(session->worker, on_sent, session, ws_message_text(message));
}

static void on_sent_count(struct ws_conn *ws, size_t count)
{
    const struct pusher_session *session = pusher_session_of(ws);

    PUSHER_OBSERVERS_NOTIFY(session->worker, on_sent_count, session->app, count);
}

/* The fan-out tells of what it sent only where somebody listens to that. */
static void listen_to_fanout(struct pusher_worker *worker)
{
    const struct pusher_observers *observer;

    for (observer = worker->observers; observer != NULL; observer = observer->next) {
        if (observer->events->on_sent != NULL)
            worker->fanout.on_sent = on_sent;
        if (observer->events->on_sent_count != NULL)
            worker->fanout.on_sent_count = on_sent_count;
    }
}

/* --- life ----------------------------------------------------------------------------------- */

void pusher_worker_init(struct pusher_worker *worker, bool has_compression)
{
    worker->ws_settings.events = &pusher_session_events;
    worker->ws_settings.deflate = has_compression ? ws_deflate_new() : NULL;
    list_init(&worker->sessions);
    list_init(&worker->leaving);
    worker->fanout.worker = worker->index;
    worker->fanout.loop = worker->loop;
    worker->fanout.deflate = worker->ws_settings.deflate;
    worker->fanout.metrics = worker->metrics;
    worker->fanout.find = find_subscriber;
    worker->fanout.on_slow_reader = on_slow_reader;
    worker->fanout.user = worker;
    listen_to_fanout(worker);
    channel_fanout_init(&worker->fanout);
}

void pusher_worker_deinit(struct pusher_worker *worker)
{
    CHECK(worker->sessions_count == 0);
    channel_fanout_deinit(&worker->fanout);
    ws_deflate_free(worker->ws_settings.deflate);
    map_deinit(&worker->by_socket_id);
    buffer_deinit(&worker->scratch);
}

struct buffer *pusher_worker_scratch(struct pusher_worker *worker)
{
    buffer_clear(&worker->scratch);
    return &worker->scratch;
}

struct pusher_session *pusher_worker_find(struct pusher_worker *worker, uint64_t socket_id)
{
    const uint64_t hash = hash_pair(socket_id, 0);

    for (struct map_entry *at = map_first(&worker->by_socket_id, hash); at != NULL;
         at = map_next(at, hash)) {
        struct pusher_session *session = LIST_OWNER(at, struct pusher_session, by_socket_id);

        if (session->socket_id == socket_id)
            return session;
    }
    return NULL;
}

bool pusher_worker_evict(struct pusher_worker *worker)
{
    struct net_conn *net;
    struct list *first = worker->leaving.next;

    if (list_is_empty(&worker->leaving))
        return false;
    net = LIST_OWNER(first, struct pusher_session, link)->ws.net;
    list_remove(first);
    net_conn_flush(net); /* it may have been told why in this turn */
    net_conn_close(net);
    return true;
}

static void close_each(const struct list *sessions)
{
    LIST_EACH(link, following, sessions) {
        net_conn_close(LIST_OWNER(link, struct pusher_session, link)->ws.net);
    }
}

void pusher_worker_close_all(struct pusher_worker *worker)
{
    close_each(&worker->sessions);
    close_each(&worker->leaving);
}

void pusher_worker_close_answered(struct pusher_worker *worker)
{
    LIST_EACH(link, following, &worker->leaving) {
        struct net_conn *net = LIST_OWNER(link, struct pusher_session, link)->ws.net;

        if (net_conn_backlog_bytes(net) == 0)
            net_conn_close(net);
    }
}

void pusher_worker_end_some(struct pusher_worker *worker, size_t count, uint16_t code)
{
    LIST_EACH(link, following, &worker->sessions) {
        struct pusher_session *session = LIST_OWNER(link, struct pusher_session, link);

        if (count-- == 0)
            return;
        pusher_session_close(session, code, BYTES("Server is restarting"));
    }
}
