/* The body of a publish: an event and its channels, checked. Pusher Channels, "HTTP API", "Events".
 *
 * A list is an array, or an object that is not empty: PHP writes an array whose keys do not count
 * up from 0 as an object. Then the object's values are the list.
 *
 * Thread: any. Memory: what is found is borrowed from the body.
 */
#pragma once

#include "base/jsonscan.h"
#include "config/config.h"

struct api_body_event {
    struct jsonscan_value name;
    struct jsonscan_value data;
    struct jsonscan_value channel;  /* a string; absent if `channels` is given */
    struct jsonscan_value channels; /* a list of strings, or absent */
    struct jsonscan_value socket_id;
    struct jsonscan_value info;
};

enum api_body_verdict {
    API_BODY_VALID,
    API_BODY_INVALID, /* JSON, but not what it should be */
    API_BODY_NO_JSON, /* the body as a whole is not one JSON text */
};

/* Reads one event of `POST events`, or of a batch. If it is invalid, `errors` gets one or more of
 * Laravel's `"field":["message"]`. `prefix` is put before each field: "" or "batch.0.". The text
 * must be UTF-8. */
enum api_body_verdict api_body_read_event(struct bytes json, const struct config_app *app,
                                          const char *prefix, struct api_body_event *event,
                                          struct buffer *errors);

/* Reads the events of `POST batch_events`, for jsonscan_next_element(); otherwise the same. */
enum api_body_verdict api_body_read_batch(struct bytes json, const struct config_app *app,
                                          struct jsonscan_value *batch, struct buffer *errors);

/* Returns the channels of an event, one a call; false at the end. `*cursor` is absent before the
 * first call. */
bool api_body_next_channel(const struct api_body_event *event, struct bytes *cursor,
                           struct jsonscan_value *channel);
