/* Detects dead clients: one that was silent for `ping_interval` is pinged, one that does not answer
 * is closed (4201). Thread: owner. */
#pragma once

#include "pusher/session.h"

void pusher_liveness_begin(struct pusher_session *session);

/* The client sent something. */
void pusher_liveness_seen(struct pusher_session *session);

/* The connection's timer. */
void pusher_liveness_on_timer(struct pusher_session *session, uint64_t now_ms);
