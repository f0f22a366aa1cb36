/* Pusher's own limits on names and counts, enforced only if an app sets `strict`: users of Reverb
 * rely on their absence. Pusher Channels, "Limits". Thread: any. */
#pragma once

#include "config/config.h"

#define PUSHER_LIMITS_NAME_LEN_MAX 200
#define PUSHER_LIMITS_CHANNELS_AN_EVENT_MAX 100
#define PUSHER_LIMITS_EVENTS_A_BATCH_MAX 10

/* Whether a channel may have this name. */
bool pusher_limits_is_name(const struct config_app *app, struct bytes name);

/* Whether an event may have this name: only its length is checked. */
bool pusher_limits_is_event_name(const struct config_app *app, struct bytes name);
