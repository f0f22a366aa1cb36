#include "cluster/heartbeat.h"

/* All keys are renewed with each so many heartbeats. */
#define RENEW_EACH 10

/* Where the nodes begin in the answer: see on_heartbeat(). */
#define FIRST_NODE 4

static void reap(struct cluster_link *link);

static void on_reaped(const redisReply *reply, void *user)
{
    struct cluster_link *link = user;

    link->is_reaping = false;
    if (cluster_sender_is_answer(reply, 1, "1"))
        reap(link);
}

/* One step of removing dead nodes; the next follows when it is done. */
static void reap(struct cluster_link *link)
{
    if (link->is_reaping || link->phase < CLUSTER_LINK_AWAITING_MEMORY)
        return;
    link->is_reaping = true;
    cluster_sender_flush(&link->sender, NULL);
    cluster_batch_reap(&link->sender.batch);
    cluster_sender_flush(&link->sender, on_reaped);
}

static void note_peers(struct cluster_link *link, const redisReply *reply)
{
    cluster_peers_begin(&link->peers);
    for (size_t i = FIRST_NODE; i + 2 < reply->elements; i += 3)
        cluster_peers_note(&link->peers, cluster_redis_text(reply->element[i]),
                           cluster_redis_text(reply->element[i + 1]),
                           cluster_sender_is_answer(reply, i + 2, "1"));
    cluster_peers_end(&link->peers);
    pthread_mutex_lock(&link->listed_lock);
    buffer_clear(&link->listed);
    cluster_peers_write(&link->peers, link->node, &link->listed);
    pthread_mutex_unlock(&link->listed_lock);
    link->sender.batch.nodes_count = link->peers.synced_count;
}

static void give_up_silent(struct cluster_link *link)
{
    for (const struct cluster_peers_peer *peer = cluster_peers_next_silent(&link->peers, NULL);
         peer != NULL; peer = cluster_peers_next_silent(&link->peers, peer))
        cluster_batch_give_up(cluster_sender_batch(&link->sender), peer->node, peer->heartbeats);
}

/* Redis may have lost which nodes are in step. */
static bool is_forgotten(const struct cluster_link *link, const redisReply *reply)
{
    for (size_t i = FIRST_NODE; i + 2 < reply->elements; i += 3)
        if (cluster_sender_is_answer(reply, i, link->node))
            return !cluster_sender_is_answer(reply, i + 2, "1");
    return false;
}

/* ["OK", number of dying nodes, number of the last call that added entries, what the wide streams
 *  have had, node, its heartbeats, whether it is in step, …] */
static void on_heartbeat(const redisReply *reply, void *user)
{
    struct cluster_link *link = user;

    if (reply->elements >= FIRST_NODE)
        cluster_inbox_reader_told(&link->reader, cluster_redis_text(reply->element[2]),
                                  cluster_redis_text(reply->element[3]));
    note_peers(link, reply);
    cluster_link_advance(link);
    if (link->phase < CLUSTER_LINK_AWAITING_MEMORY || link->phase > CLUSTER_LINK_UP)
        return;
    if (is_forgotten(link, reply))
        cluster_batch_all_is_said(cluster_sender_batch(&link->sender));
    cluster_peers_remember(&link->peers);
    atomic_store(&link->nodes_count, link->peers.synced_count);
    give_up_silent(link);
    if (!cluster_sender_is_answer(reply, 1, "0"))
        reap(link);
}

void cluster_heartbeat_tick(struct cluster_link *link, uint64_t now_ms)
{
    char letters[CLUSTER_MERGE_STREAMS_MAX];

    /* It says how many keys were reported: not before all are. */
    if (!cluster_link_talks(link) || now_ms < link->heartbeat_ms || link->report.walk.is_under_way)
        return;
    link->heartbeat_ms = now_ms + CLUSTER_LINK_HEARTBEAT_MS;
    cluster_link_flush(link);
    if (link->phase == CLUSTER_LINK_UP)
        cluster_report_verify_some(&link->report);
    cluster_sender_flush(&link->sender, NULL);
    if (link->reader.bytes_read > 0)
        cluster_batch_bytes_read(&link->sender.batch, link->reader.bytes_read);
    link->reader.bytes_read = 0;
    if (link->renew_count-- == 0) {
        cluster_batch_renew(&link->sender.batch);
        link->renew_count = RENEW_EACH;
    }
    cluster_inbox_reader_letters(&link->reader, letters);
    cluster_batch_heartbeat(&link->sender.batch, link->state.occupied_count,
                            link->reader.read_number, letters);
    cluster_sender_flush(&link->sender, on_heartbeat);
}
