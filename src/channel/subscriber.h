/* The subscriptions of one connection. Lies in the connection's own memory.
 *
 * Thread: owner, the connection's worker.
 */
#pragma once

#include "base/list.h"
#include "ws/conn.h"

struct channel_subscriber {
    struct ws_conn *conn;
    struct list subscriptions; /* channel/subscription.h */
    uint32_t count;
};

void channel_subscriber_init(struct channel_subscriber *subscriber, struct ws_conn *conn);
