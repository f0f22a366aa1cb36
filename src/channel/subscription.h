/* One connection in one channel.
 *
 * Thread: owner, the connection's worker.
 */
#pragma once

#include "channel/channel.h"
#include "channel/subscriber.h"

struct channel_fanout;

struct channel_subscription {
    struct map_entry entry; /* where the channel has many on this worker */
    struct list link;       /* in the subscriber's list */
    struct channel_subscriber *subscriber;
    struct channel *channel;
    struct channel_presence_member *member; /* of a presence channel */
    uint32_t index;                         /* of its place, channel/receivers.h */
    bool is_active;                         /* hears the channel's events */
    bool is_shared;                         /* the subscriber is in other channels too */
    bool is_skipping;                       /* is left out of an event of the run being sent */
};

/* Takes the caller's reference to `*channel`, where it must have joined. Not active yet. */
struct channel_subscription *channel_subscription_new(struct channel_fanout *fanout,
                                                      struct channel_subscriber *subscriber,
                                                      struct channel **channel);

/* Ends it. `is_last_of_worker`: no other connection of this worker is in the channel. The reference
 * to the channel goes back to the caller, who leaves the registry and lets it go. */
struct channel *channel_subscription_free(struct channel_fanout *fanout,
                                          struct channel_subscription *subscription,
                                          bool *is_last_of_worker);

/* NULL where that connection, which is only compared, is not in that channel. */
struct channel_subscription *channel_subscription_find(const struct channel_fanout *fanout,
                                                       const struct ws_conn *conn,
                                                       const struct channel *channel);
