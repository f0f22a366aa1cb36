/* What one worker knows of a channel: its connections there. In front stand the receivers, who hear
 * the channel's events, in the order of their coming; behind them who has subscribed and waits for
 * its answer. One is found by going along them where they are few, by a map where they are many.
 *
 * Thread: owner, the worker.
 */
#pragma once

#include "base/map.h"

#include <stdbool.h>

struct channel;
struct channel_run;
struct channel_subscription;
struct ws_conn;

struct channel_local_place {
    struct ws_conn *conn;
    struct channel_subscription *subscription;
};

struct channel_local {
    struct channel_local_place *places; /* `only`, until there are more */
    struct channel_local_place only;
    struct map *by_conn;   /* NULL: few */
    uint32_t count;        /* receivers */
    uint32_t held_count;   /* and who waits */
    uint32_t cap;          /* of places */
    uint32_t shared_count; /* receivers that are in other channels too */
    /* The fan-out's. */
    uint32_t runs_count;     /* of this turn */
    struct channel_run *run; /* the latest of them */
};

/* One more in the channel, which waits. */
void channel_local_hold(struct channel_local *local, struct channel_subscription *subscription);

/* It hears from now on; it no longer does: `is_active` says so. */
void channel_local_activate(struct channel_local *local, struct channel_subscription *subscription);
void channel_local_deactivate(struct channel_local *local,
                              struct channel_subscription *subscription);

/* One less, which does not hear any more. With the last one all memory is given back. */
void channel_local_release(struct channel_local *local, struct channel_subscription *subscription);

/* NULL where that connection is not there; it is only compared. */
struct channel_subscription *channel_local_find(const struct channel_local *local,
                                                const struct ws_conn *conn);
