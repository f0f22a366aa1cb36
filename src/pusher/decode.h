/* Parses the messages of clients: `{"event":…,"channel":…,"data":…}`. Pusher Channels protocol 7.
 *
 * Thread: owner. Memory: borrowed from the text and from the buffers given.
 */
#pragma once

#include "base/jsonscan.h"

struct pusher_decode_message {
    struct bytes event;            /* decoded */
    struct jsonscan_value channel; /* as sent; absent or a string */
    struct jsonscan_value data;    /* as sent */
    struct buffer event_scratch;
    struct buffer data_scratch;
};

/* False if it is no message of the protocol. Release with pusher_decode_deinit() either way. */
bool pusher_decode(struct pusher_decode_message *message, struct bytes text);
void pusher_decode_deinit(struct pusher_decode_message *message);

/* The members of `data`, which is an object or a string that holds one. False if it is neither.
 * Once a message. */
bool pusher_decode_data(struct pusher_decode_message *message, struct jsonscan_field *fields,
                        size_t fields_count);
