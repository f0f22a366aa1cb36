/* Decodes the entries of this node's inbox and reports them: the counterpart of put() in
 * scripts/apply. An event that comes twice, because it was sent again after a lost link, is
 * reported once. The members of a channel come page by page, with changes in between: they are
 * reported as a whole, and only then are the waiters answered.
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
    const char *process;           /* this node's name */
    struct cluster_outbox *outbox; /* where this node's own events come from */
    struct cluster_state *state;   /* admitted connections are counted in it */
    unsigned incarnation;          /* the link's current one */
    bool is_partial;               /* snapshots lack the members of some nodes as yet */
    uint64_t received_count;       /* events of other nodes */
    /* Requests the next page of that channel's members. */
    void (*on_page)(struct bytes key, struct bytes cursor, void *page_user);
    void *page_user;
    /* A channel of this node is wide from here on; how many entries its stream has had before. */
    void (*on_wide)(char letter, uint64_t index, void *wide_user);
    void *wide_user;

    struct list origins; /* the last event number of each other process */
    struct cluster_snapshots snapshots;
};

void cluster_inbox_init(struct cluster_inbox *inbox);
void cluster_inbox_deinit(struct cluster_inbox *inbox);

/* Reads one entry: items one after the other, each a letter, a length and packed parts. An item
 * that cannot be read is skipped. */
void cluster_inbox_read(struct cluster_inbox *inbox, struct bytes entry);

/* The link is lost: missing pages will not come any more. */
void cluster_inbox_drop_snapshots(struct cluster_inbox *inbox);
