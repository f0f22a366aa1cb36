/* A text message on its way to many: its frame is encoded once, compressed once for each form that
 * somebody takes, and shared by all receivers on all workers.
 *
 * Thread: any; never changed once shared, but for the forms that are added as they are needed.
 */
#pragma once

#include "net/chunk.h"
#include "ws/deflate.h"

struct ws_message;

/* One reference, the caller's. */
struct ws_message *ws_message_new(struct bytes text);

/* The same of a frame that is finished already, as ws_message_frame() gives it. */
struct ws_message *ws_message_new_of_frame(struct bytes frame);

struct ws_message *ws_message_ref(struct ws_message *message);
void ws_message_unref(struct ws_message *message); /* NULL is fine */

/* The frame in that form, borrowed from the message. `deflate` may be NULL for the plain one. */
struct net_chunk *ws_message_frame(struct ws_message *message, enum ws_deflate_form form,
                                   struct ws_deflate *deflate);

/* What a finished frame says. */
struct bytes ws_message_text_of_frame(struct bytes frame);

/* What it says. */
struct bytes ws_message_text(const struct ws_message *message);
