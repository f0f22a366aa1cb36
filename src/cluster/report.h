/* Tells Redis what this node has: what has changed, everything anew, and some of it again to see
 * whether it is still there; and asks for what the others have in the same channels.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/sender.h"
#include "cluster/state.h"

struct cluster_report {
    struct cluster_state *state;
    struct cluster_sender *sender;
    uint64_t chain;       /* the number of the snapshot that was asked for last */
    size_t verify_bucket; /* of the channels, which are verified some at a time */
};

/* What Redis does not know yet of that channel; nothing if the node has none of that name. */
void cluster_report_subscriptions(struct cluster_report *report, struct bytes key);
void cluster_report_connections(struct cluster_report *report, struct cluster_state_app *app);

/* All that Redis does not know yet. */
void cluster_report_changes(struct cluster_report *report);

/* All there is, to a Redis that knows nothing of this incarnation. */
void cluster_report_everything(struct cluster_report *report);

/* Has the members and last events of all channels shown; and the next page of one channel's. */
void cluster_report_ask_for_state(struct cluster_report *report);
void cluster_report_ask_for_page(struct cluster_report *report, struct bytes key,
                                 struct bytes cursor);

/* Some of the channels, and the next ones another time. */
void cluster_report_verify_some(struct cluster_report *report);
