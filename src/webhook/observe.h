/* Turns what this node's observers are notified of into changes for webhooks.
 *
 * Thread: any.
 */
#pragma once

#include "pusher/observers.h"

/* `user` is a struct webhook_intake. */
extern const struct pusher_observers_events webhook_observe_events;
