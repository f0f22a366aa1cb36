/* A text message for many receivers: its frame is encoded once, compressed once for each form that
 * a receiver needs, and shared by all receivers on all workers.
 *
 * Thread: any; it never changes once shared, except that forms are added when they are needed.
 */
#pragma once

#include "net/chunk.h"
#include "ws/deflate.h"

struct ws_message;

/* Returns one reference, which the caller owns. */
struct ws_message *ws_message_new(struct bytes text);

/* The same from an encoded frame, as ws_message_frame() returns it. */
struct ws_message *ws_message_new_of_frame(struct bytes frame);

struct ws_message *ws_message_ref(struct ws_message *message);
void ws_message_unref(struct ws_message *message); /* NULL is fine */

/* The frame in that form, borrowed from the message. `deflate` may be NULL for the plain form. */
struct net_chunk *ws_message_frame(struct ws_message *message, enum ws_deflate_form form,
                                   struct ws_deflate *deflate);

/* The text of an encoded frame, borrowed from it. */
struct bytes ws_message_text_of_frame(struct bytes frame);

/* The text of the message, borrowed from it. */
struct bytes ws_message_text(const struct ws_message *message);
