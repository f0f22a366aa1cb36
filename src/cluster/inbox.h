/* What stands in this node's inbox, read and told on: the counterpart of put() in
 * scripts/apply.lua. Events that come twice, because a lost link had them sent anew, are told once.
 * The members of a channel come page by page, changes among them: they are told of as a whole, and
 * whoever waits for them after that.
 *
 * Thread: the cluster's.
 */
#pragma once

#include "cluster/events.h"
#include "cluster/outbox.h"
#include "cluster/snapshots.h"

struct cluster_inbox {
    const struct cluster_events *events;
    void *user;
    const char *process;           /* this one's name */
    struct cluster_outbox *outbox; /* its own events come back to it */
    struct cluster_state *state;   /* connections that are admitted count */
    unsigned incarnation;          /* of the link now */
    bool is_partial;               /* snapshots do not show the members of all nodes yet */
    uint64_t received_count;       /* events of others */
    /* Asks for the next page of that channel's members. */
    void (*on_page)(struct bytes key, struct bytes cursor, void *page_user);
    void *page_user;

    struct list origins; /* the last number of each other process */
    struct cluster_snapshots snapshots;
};

void cluster_inbox_init(struct cluster_inbox *inbox);
void cluster_inbox_deinit(struct cluster_inbox *inbox);

/* One entry: things one after the other, each a letter, a length and what is packed. What cannot be
 * read is passed over. */
void cluster_inbox_read(struct cluster_inbox *inbox, struct bytes entry);

/* The link is lost: pages that are missing do not come any more. */
void cluster_inbox_drop_snapshots(struct cluster_inbox *inbox);
