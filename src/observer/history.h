/* What became of connections, for `reverb why`: why each was refused something, and how it ended.
 * Kept for ten minutes in a ring of fixed size; nothing is kept of a connection that has no
 * trouble. The newest entries of one connection that say the same are one, with a count.
 *
 * Thread: workers call the observers; observer_history_write(): any.
 */
#pragma once

#include "base/buffer.h"
#include "pusher/observers.h"

struct observer_history;

struct observer_history *observer_history_new(void);
void observer_history_free(struct observer_history *history); /* NULL is fine */

/* The observers that the workers notify; they pass each event on to `next`. */
const struct pusher_observers *observer_history_listen(struct observer_history *history,
                                                       const struct pusher_observers *next);

/* Appends a JSON array of the connection's entries, the oldest first:
 * {"at":1700000000,"app":"1","address":"192.0.2.1","what":"refused","code":4009,"text":"…","channel":"…","count":2}.
 * `what` is refused, closed by the server, closed by the client, or lost. */
void observer_history_write(struct observer_history *history, uint64_t socket_id,
                            struct buffer *out);
