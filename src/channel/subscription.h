/* One connection in one channel: made by channel_fanout_join(), ended by channel_fanout_leave().
 *
 * Thread: owner, the connection's worker.
 */
#pragma once

#include "base/map.h"
#include "channel/subscriber.h"

struct channel;
struct channel_presence_member;

struct channel_subscription {
    struct map_entry entry; /* if the channel has many on this worker */
    struct list link;       /* in the subscriber's list */
    struct channel_subscriber *subscriber;
    struct channel *channel;                /* a reference */
    struct channel_presence_member *member; /* of a presence channel */
    union {
        uint64_t from;         /* active: the first of the channel's messages it receives */
        uint64_t requested_ns; /* not active yet: when a client requested it; 0: none did */
    };
    uint32_t info;    /* see channel_presence_join() */
    uint32_t token;   /* unique among the worker's subscriptions */
    uint32_t index;   /* in the entries of channel/receivers.h */
    uint32_t skips;   /* messages of queued runs that it is not sent */
    bool is_active;   /* receives the channel's events */
    bool is_shared;   /* the subscriber is in other channels too */
    bool is_skipping; /* skips an event of the run being sent */
    bool is_asked;    /* of a watcher: all nodes were, or are to be, asked for its first news */
};
