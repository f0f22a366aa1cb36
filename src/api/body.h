/* The body of a publish: an event and its channels, checked. Pusher Channels, "HTTP API", "Events".
 *
 * A list is an array, or an object that holds something: so PHP writes an array whose keys do not
 * count up from 0, and then its values count.
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
    struct jsonscan_value channels; /* a list of strings, or absent */
    struct jsonscan_value socket_id;
    struct jsonscan_value info;
};

enum api_body_verdict {
    API_BODY_VALID,
    API_BODY_INVALID, /* JSON, but not what it should be */
    API_BODY_NO_JSON, /* not as a whole, from the first byte to the last */
};

/* One event of `POST events`, or of a batch. Where it is invalid, `errors` gets Laravel's
 * `"field":["message"]`, one or more. `prefix` stands before each field: "" or "batch.0.". The
 * text must be UTF-8. */
enum api_body_verdict api_body_read_event(struct bytes json, const struct config_app *app,
                                          const char *prefix, struct api_body_event *event,
                                          struct buffer *errors);

/* The events of `POST batch_events`, for jsonscan_next_element(); the same otherwise. */
enum api_body_verdict api_body_read_batch(struct bytes json, const struct config_app *app,
                                          struct jsonscan_value *batch, struct buffer *errors);

/* The channels of an event, one a call: begins with `*cursor` absent. */
bool api_body_next_channel(const struct api_body_event *event, struct bytes *cursor,
                           struct jsonscan_value *channel);
