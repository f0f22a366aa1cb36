/* One worker's connections in a channel. In front are the receivers, which receive the channel's
 * events; behind them are the subscriptions that are not active yet. A lookup goes through the
 * array if they are few and uses a map if they are many.
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
    uint32_t entries_count; /* receivers and subscriptions that are not active yet */
    uint32_t cap;           /* of entries */
    uint32_t shared_count;  /* receivers whose subscriber is in other channels too */
    /* The fan-out's. */
    uint32_t runs_count;     /* runs not sent yet */
    uint32_t sent_count;     /* receivers in front that were sent the run under way */
    struct channel_run *run; /* the latest */
    uint64_t sequence;       /* messages published to the receivers so far */
    uint64_t latest_from;    /* no receiver's `from` is higher */
};

/* Adds a subscription, which is not active yet. */
void channel_receivers_add(struct channel_receivers *receivers,
                           struct channel_subscription *subscription);

/* Activates the subscription from the next message on, and deactivates it; both set `is_active`.
 * Receivers that were sent the run under way stay in front. */
void channel_receivers_activate(struct channel_receivers *receivers,
                                struct channel_subscription *subscription);
void channel_receivers_deactivate(struct channel_receivers *receivers,
                                  struct channel_subscription *subscription);

/* Removes a subscription that is not active. Removing the last one frees all memory. */
void channel_receivers_remove(struct channel_receivers *receivers,
                              struct channel_subscription *subscription);

/* NULL if the connection is not there. `conn` is only compared, never dereferenced. */
struct channel_subscription *channel_receivers_find(const struct channel_receivers *receivers,
                                                    const struct ws_conn *conn);
