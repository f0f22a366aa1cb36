#include "pusher/hub.h"

#include "base/check.h"
#include "base/hash.h"
#include "pusher/session.h"

static struct channel_subscriber *find_subscriber(void *user, uint64_t socket_id)
{
    struct pusher_session *session = pusher_hub_find(user, socket_id);

    return session ? &session->subscriber : NULL;
}

static void on_slow_reader(struct ws_conn *ws)
{
    struct pusher_session *session = pusher_session_of(ws);

    if (session->is_over)
        return;
    metrics_add(&session->hub->metrics->slow_readers_closed, 1);
    pusher_session_close(session, PUSHER_ERROR_CLOSE_BACK_OFF, BYTES("Slow reader"));
}

/* --- what was sent, to observers ------------------------------------------------------------- */

static void on_sent(struct ws_conn *ws, const struct ws_message *message)
{
    const struct pusher_session *session = pusher_session_of(ws);

    PUSHER_EVENTS_TELL(session->hub, on_sent, session, ws_message_text(message));
}

static void on_sent_count(struct ws_conn *ws, size_t count)
{
    const struct pusher_session *session = pusher_session_of(ws);

    PUSHER_EVENTS_TELL(session->hub, on_sent_count, session->app, count);
}

/* The fan-out tells of what it sent only where somebody listens to that. */
static void listen_to_fanout(struct pusher_hub *hub)
{
    const struct pusher_events_observer *observer;

    for (observer = hub->observers; observer != NULL; observer = observer->next) {
        if (observer->events->on_sent != NULL)
            hub->fanout.on_sent = on_sent;
        if (observer->events->on_sent_count != NULL)
            hub->fanout.on_sent_count = on_sent_count;
    }
}

/* --- life ----------------------------------------------------------------------------------- */

void pusher_hub_init(struct pusher_hub *hub, bool has_compression)
{
    hub->ws_settings.events = &pusher_session_events;
    hub->ws_settings.deflate = has_compression ? ws_deflate_new() : NULL;
    list_init(&hub->sessions);
    hub->fanout.worker = hub->worker;
    hub->fanout.loop = hub->loop;
    hub->fanout.deflate = hub->ws_settings.deflate;
    hub->fanout.metrics = hub->metrics;
    hub->fanout.find = find_subscriber;
    hub->fanout.on_slow_reader = on_slow_reader;
    hub->fanout.user = hub;
    listen_to_fanout(hub);
    channel_fanout_init(&hub->fanout);
}

void pusher_hub_deinit(struct pusher_hub *hub)
{
    CHECK(hub->sessions_count == 0);
    channel_fanout_deinit(&hub->fanout);
    ws_deflate_free(hub->ws_settings.deflate);
    map_deinit(&hub->by_socket_id);
    buffer_deinit(&hub->scratch);
}

struct buffer *pusher_hub_scratch(struct pusher_hub *hub)
{
    buffer_clear(&hub->scratch);
    return &hub->scratch;
}

struct pusher_session *pusher_hub_find(struct pusher_hub *hub, uint64_t socket_id)
{
    const uint64_t hash = hash_pair(socket_id, 0);

    for (struct map_entry *at = map_first(&hub->by_socket_id, hash); at != NULL;
         at = map_next(at, hash)) {
        struct pusher_session *session = LIST_OWNER(at, struct pusher_session, by_socket_id);

        if (session->socket_id == socket_id)
            return session;
    }
    return NULL;
}

void pusher_hub_end_some(struct pusher_hub *hub, size_t count)
{
    LIST_EACH(link, following, &hub->sessions) {
        struct pusher_session *session = LIST_OWNER(link, struct pusher_session, link);

        if (session->is_over)
            continue;
        if (count-- == 0)
            return;
        pusher_session_close(session, PUSHER_ERROR_CLOSE_RECONNECT, BYTES("Server is restarting"));
    }
}
