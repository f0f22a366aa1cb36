/* The live tail: what happens, one line of JSON an event, for those who watch it (`reverb tail`).
 *
 *     {"at":1700000000.123,"app":"1","kind":"received","socket_id":"1.2","user_id":"42",
 *      "channel":"orders.1","event":"client-typed","message":"{…}"}
 *
 * `kind` is connected, received, sent, published or closed. If nobody watches, an event costs one
 * comparison more. A watcher gets so many lines a second and keeps so many bytes; what is beyond
 * that is skipped and counted ({"skipped":17}), so that no worker waits for a watcher.
 *
 * Thread: workers call the observers; new, listen and free: main, before and after the workers.
 */
#pragma once

#include "base/buffer.h"
#include "pusher/observers.h"

struct observer_tail;

/* What a watcher wants to see. Each is a pattern in which * stands for any text; absent:
 * everything. A channel or user pattern matches only events that concern a channel, or a user. */
struct observer_tail_filter {
    struct bytes app; /* id */
    struct bytes channel;
    struct bytes event;
    struct bytes user; /* the id of a user who has signed in */
};

struct observer_tail *observer_tail_new(void);
void observer_tail_free(struct observer_tail *tail); /* NULL is fine */

/* The observers that the workers notify; they pass each event on to `next`. */
const struct pusher_observers *observer_tail_listen(struct observer_tail *tail,
                                                    const struct pusher_observers *next);

/* One who watches. Any thread; the filter is copied. */
struct observer_tail_watcher;

struct observer_tail_watcher *observer_tail_watch(struct observer_tail *tail,
                                                  const struct observer_tail_filter *filter);
void observer_tail_unwatch(struct observer_tail *tail, struct observer_tail_watcher *watcher);

/* Appends the lines since the last call to `out`. The watcher's thread. */
void observer_tail_take(struct observer_tail *tail, struct observer_tail_watcher *watcher,
                        struct buffer *out);
