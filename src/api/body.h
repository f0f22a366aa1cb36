/* The body of a publish: an event and its channels, checked. Pusher Channels, "HTTP API", "Events".
 *
 * Thread: any. Memory: what is found is borrowed from the body.
 */
#pragma once

#include "base/jsonscan.h"
#include "config/config.h"

struct api_body_event {
    struct jsonscan_value name;
    struct jsonscan_value data;
    struct jsonscan_value channel;  /* a string; absent where `channels` is given */
    struct jsonscan_value channels; /* an array of strings, or absent */
    struct jsonscan_value socket_id;
    struct jsonscan_value info;
};

/* One event of `POST events`; `json` is an object. Where it does not hold, `errors` gets Laravel's
 * `"field":["message"]`, one or more, and false is answered. `prefix` stands before each field: ""
 * or "batch.0.". */
bool api_body_read_event(struct bytes json, const struct config_app *app, const char *prefix,
                         struct api_body_event *event, struct buffer *errors);

/* The array of `POST batch_events`; the same otherwise. */
bool api_body_read_batch(struct bytes json, const struct config_app *app,
                         struct jsonscan_value *batch, struct buffer *errors);

/* The channels of an event, one a call: begins with `*cursor` absent. */
bool api_body_next_channel(const struct api_body_event *event, struct bytes *cursor,
                           struct jsonscan_value *channel);
