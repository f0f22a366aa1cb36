/* One query (cluster/queries.h) on its way from the calling thread to the links.
 *
 * Thread: the caller's until it is posted, then the cluster's.
 */
#pragma once

#include "cluster/facts.h"
#include "cluster/link.h"

enum cluster_pending_query_kind {
    CLUSTER_PENDING_QUERY_LIST,
    CLUSTER_PENDING_QUERY_CHANNELS,
    CLUSTER_PENDING_QUERY_USERS,
    CLUSTER_PENDING_QUERY_CONNECTIONS,
    CLUSTER_PENDING_QUERY_ACKED,
};

struct cluster_pending_query {
    struct net_mail mail;
    struct list link; /* in the cluster's list, for the timeout */
    struct cluster *cluster;
    struct net_loop *from; /* of the thread that posts it; NULL: it has none */
    struct cluster_query_caller caller;
    enum cluster_pending_query_kind kind;

    /* The query. */
    char *app_id;
    char *prefix; /* of a list */
    size_t prefix_len;
    bool has_users;
    bool has_cached;

    /* The answer so far. A channel that the query names has its name from the start. */
    struct cluster_facts facts;

    uint64_t progress_ms; /* when it began, or the last page came */
    size_t waits_count;   /* replies that are still to come */
    bool is_answered;
};

/* Sends it to the links; it is in `queries` until it is answered. */
void cluster_pending_query_begin(struct cluster_pending_query *query, struct cluster_link *links,
                                 size_t links_count, struct list *queries, uint64_t now_ms);

/* Answers a query that has not begun with "not known". Takes `*query`. */
void cluster_pending_query_refuse(struct cluster_pending_query **query);

/* Answers with "not known" after the timeout. It is freed after the last reply. */
void cluster_pending_query_give_up(struct cluster_pending_query *query);
