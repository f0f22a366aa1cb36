/* One ask (cluster/ask.h) on its way from the thread that asks to the links.
 *
 * Thread: the asker's until it is posted, then the cluster's.
 */
#pragma once

#include "cluster/link.h"

enum cluster_asking_kind {
    CLUSTER_ASKING_LIST,
    CLUSTER_ASKING_CHANNELS,
    CLUSTER_ASKING_USERS,
    CLUSTER_ASKING_CONNECTIONS,
    CLUSTER_ASKING_TAKEN,
};

struct cluster_asking_facts {
    struct cluster_ask_channel *channels;
    size_t channels_count;
    struct bytes *users;
    size_t users_count;
    uint64_t connections_count;
    bool is_known;
};

struct cluster_asking {
    struct net_mail mail;
    struct list link; /* in the cluster's list, to be heard of in time */
    struct cluster *cluster;
    struct cluster_ask_caller asker;
    enum cluster_asking_kind kind;

    /* What is asked. */
    char *app_id;
    char *prefix; /* of a list */
    size_t prefix_len;
    bool has_users;
    bool has_kept;

    /* What is answered so far. A channel that is asked for has its name from the start. */
    struct cluster_asking_facts facts;

    uint64_t begun_ms;
    size_t waits_count; /* replies that are still to come */
    bool is_answered;
};

/* Asks the links, and stands in `askings` until it is answered. */
void cluster_asking_begin(struct cluster_asking *asking, struct cluster_link *links,
                          size_t links_count, struct list *askings, uint64_t now_ms);

/* It has waited long enough: what was asked is not known. It stays until the last reply came. */
void cluster_asking_give_up(struct cluster_asking *asking);
