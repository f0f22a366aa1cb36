#include "cluster/ending.h"

static void on_left_cluster(const redisReply *reply, void *user)
{
    struct cluster_link *link = user;

    if (!cluster_sender_is_answer(reply, 1, "1")) {
        link->phase = CLUSTER_LINK_ENDED;
        return;
    }
    cluster_batch_leave_cluster(&link->sender.batch);
    cluster_sender_flush(&link->sender, on_left_cluster);
}

void cluster_ending_begin(struct cluster_link *link)
{
    cluster_link_flush(link);
    atomic_store(&link->is_up, false);
    if (!cluster_link_talks(link)) {
        link->phase = CLUSTER_LINK_ENDED;
        cluster_link_close(link);
        return;
    }
    cluster_sender_flush(&link->sender, NULL);
    cluster_batch_leave_cluster(&link->sender.batch);
    cluster_sender_flush(&link->sender, on_left_cluster);
    link->phase = CLUSTER_LINK_ENDING;
}
