#include "cluster/follow.h"

/* Who has changed servers with this node has reported by then, so that nobody seems to have left
 * who is only late. */
#define COMPARE_AFTER_MS 3000

static void on_answer(const redisReply *reply, void *user)
{
    struct cluster_link *link = user;

    cluster_changes_take(&link->changes, reply, net_loop_now_ms(link->shared->loop));
}

static void on_compared(const redisReply *reply, void *user)
{
    struct cluster_link *link = user;

    (void)reply;
    cluster_changes_compared(&link->changes, net_loop_now_ms(link->shared->loop));
}

/* One call at a time, so that Redis has time for others. */
static void compare(struct cluster_link *link, uint64_t now_ms)
{
    if (link->phase != CLUSTER_LINK_UP || now_ms < link->joined_ms + COMPARE_AFTER_MS)
        return;
    cluster_sender_flush(&link->sender, NULL);
    if (cluster_changes_compare(&link->changes, &link->sender.batch))
        cluster_sender_flush(&link->sender, on_compared);
}

void cluster_follow_tick(struct cluster_link *link, uint64_t now_ms)
{
    compare(link, now_ms);
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
