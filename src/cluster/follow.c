#include "cluster/follow.h"

static void on_answer(const redisReply *reply, void *user)
{
    struct cluster_link *link = user;

    cluster_changes_take(&link->changes, reply, net_loop_now_ms(link->shared->loop));
}

void cluster_follow_tick(struct cluster_link *link, uint64_t now_ms)
{
    if (!cluster_changes_is_due(&link->changes, now_ms) || link->phase != CLUSTER_LINK_UP)
        return;
    cluster_sender_flush(&link->sender, NULL);
    cluster_changes_ask(&link->changes, &link->sender.batch, now_ms);
    cluster_sender_flush(&link->sender, on_answer);
}

void cluster_follow_end(struct cluster_link *link, uint64_t now_ms)
{
    if (!cluster_changes_are_taken(&link->changes) || link->phase != CLUSTER_LINK_UP)
        return;
    cluster_sender_flush(&link->sender, NULL);
    cluster_changes_ask(&link->changes, &link->sender.batch, now_ms);
    cluster_sender_flush(&link->sender, NULL);
}
