#include "pusher/liveness.h"

#include "pusher/encode.h"

/* The time to answer a ping: another interval, within these bounds. */
#define PONG_S_MIN 5
#define PONG_S_MAX 30

static uint64_t ping_interval_ms(struct pusher_session *session)
{
    return pusher_app_settings(session->app)->ping_interval_s * UINT64_C(1000);
}

static uint64_t pong_ms(struct pusher_session *session)
{
    const uint64_t interval_ms = ping_interval_ms(session);

    if (interval_ms < PONG_S_MIN * UINT64_C(1000))
        return PONG_S_MIN * UINT64_C(1000);
    return interval_ms > PONG_S_MAX * UINT64_C(1000) ? PONG_S_MAX * UINT64_C(1000) : interval_ms;
}

void pusher_liveness_begin(struct pusher_session *session)
{
    session->seen_ms = net_loop_now_ms(session->worker->loop);
    ws_conn_set_timer(&session->ws, session->seen_ms + ping_interval_ms(session));
}

void pusher_liveness_seen(struct pusher_session *session)
{
    const uint64_t pinged_ms = session->seen_ms; /* if it was: see ping() */

    session->seen_ms = net_loop_now_ms(session->worker->loop);
    if (!session->is_pinged)
        return; /* the timer checks again when it is due */
    metrics_observe(&session->worker->metrics->ping_ms, session->seen_ms - pinged_ms,
                    METRICS_PING_UNIT_MS);
    session->is_pinged = false;
    ws_conn_set_timer(&session->ws, session->seen_ms + ping_interval_ms(session));
}

static void ping(struct pusher_session *session, uint64_t now_ms)
{
    session->is_pinged = true;
    session->seen_ms = now_ms; /* so that the answer's time is known; earlier progress is noted */
    ws_conn_set_timer(&session->ws, now_ms + pong_ms(session));
    PUSHER_OBSERVERS_NOTIFY(session->worker, on_pinged, session);
    if (session->uses_control_frames) {
        if (!ws_conn_send_ping(&session->ws))
            pusher_session_close_slow(session);
        return;
    }
    pusher_encode_ping(pusher_worker_scratch(session->worker));
    pusher_session_send(session, buffer_bytes(&session->worker->scratch));
}

/* A client that reads is alive, though the ping may still be queued behind much output; and a
 * client whose input we have not handled yet may have answered. */
static void note_progress(struct pusher_session *session, uint64_t now_ms)
{
    const uint64_t progress_ms =
        ws_conn_is_held(&session->ws) ? now_ms : ws_conn_progress_ms(&session->ws);

    if (progress_ms <= session->seen_ms)
        return;
    session->seen_ms = progress_ms;
    session->is_pinged = false;
}

void pusher_liveness_on_timer(struct pusher_session *session, uint64_t now_ms)
{
    uint64_t due_ms;

    note_progress(session, now_ms);
    due_ms = session->seen_ms + ping_interval_ms(session);
    if (session->is_pinged) {
        metrics_add(&session->worker->metrics->stale_closed, 1);
        pusher_session_close_with_error(session, PUSHER_ERROR_STALE);
        PUSHER_OBSERVERS_NOTIFY(session->worker, on_pruned, session);
    } else if (now_ms < due_ms) {
        ws_conn_set_timer(&session->ws, due_ms);
    } else {
        ping(session, now_ms);
    }
}
