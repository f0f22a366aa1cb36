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

struct channel_receivers_entry {
    struct ws_conn *conn;
    struct channel_subscription *subscription;
};

struct channel_receivers {
    struct channel_receivers_entry *entries; /* `only`, until there are more */
    struct channel_receivers_entry only;
    struct map *by_conn;    /* NULL: few */
    uint32_t count;         /* receivers */
    uint32_t entries_count; /* and subscriptions that wait */
    uint32_t cap;           /* of entries */
    uint32_t shared_count;  /* receivers that are in other channels too */
    /* The fan-out's. */
    uint32_t runs_count;     /* that are not sent yet */
    uint32_t sent_count;     /* receivers in front who have been sent the run that is being sent */
    struct channel_run *run; /* the latest */
    uint64_t sequence;       /* messages that were published to the receivers */
    uint64_t latest_from;    /* of those who hear only what came later than others did */
};

/* One more in the channel, which waits. */
void channel_receivers_add(struct channel_receivers *receivers,
                           struct channel_subscription *subscription);

/* It hears from the next message on; it no longer does: `is_active` says so. Who was sent the run
 * that is being sent stays in front. */
void channel_receivers_activate(struct channel_receivers *receivers,
                                struct channel_subscription *subscription);
void channel_receivers_deactivate(struct channel_receivers *receivers,
                                  struct channel_subscription *subscription);

/* One less, which does not hear any more. With the last one all memory is given back. */
void channel_receivers_remove(struct channel_receivers *receivers,
                              struct channel_subscription *subscription);

/* NULL where that connection is not there; it is only compared. */
struct channel_subscription *channel_receivers_find(const struct channel_receivers *receivers,
                                                    const struct ws_conn *conn);
