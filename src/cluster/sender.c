#include "cluster/sender.h"

#include "base/mem.h"

/* An error of scripts/apply that begins so: some inboxes have got what was in the batch. */
#define PARTLY "PARTLY "
/* Redis answers nothing after it, and closes the connection: which call it means is not known. */
#define PROTOCOL_ERROR "ERR Protocol error"
/* What others wait for behind it. */
#define PENDING_WORK_HIGH (20 * CLUSTER_BATCH_WORK_LONG)

struct cluster_sender_sent {
    struct cluster_sender *sender;
    uint64_t first; /* numbers of its events, see batch.h */
    uint64_t last;
    uint64_t sent_ns;
    size_t work;
    cluster_sender_applied_fn on_applied;
    bool changes_state;
    bool may_echo; /* its events' echo may come with the answer */
    struct list waiters;
};

/* A callback for when a batch has been applied. */
struct waiter {
    struct list link;
    cluster_sender_acked_fn on_acked;
    void *data;
};

void cluster_sender_init(struct cluster_sender *sender)
{
    net_watermark_init(&sender->pending, PENDING_WORK_HIGH, 0);
}

struct cluster_batch *cluster_sender_batch(struct cluster_sender *sender)
{
    if (cluster_batch_is_long(&sender->batch))
        cluster_sender_flush(sender, NULL);
    return &sender->batch;
}

bool cluster_sender_is_answer(const redisReply *reply, size_t index, const char *text)
{
    return reply->type == REDIS_REPLY_ARRAY && index < reply->elements &&
           bytes_equal(cluster_redis_text(reply->element[index]), bytes_of(text));
}

static void report_waiters(struct list *waiters, bool is_acked)
{
    LIST_EACH(at, following, waiters) {
        struct waiter *waiter = LIST_OWNER(at, struct waiter, link);

        list_remove(&waiter->link);
        waiter->on_acked(is_acked, waiter->data);
        free(waiter);
    }
}

/* Before the publishers are answered. */
static void take_echo(const struct cluster_sender_sent *sent, const redisReply *reply)
{
    struct cluster_sender *sender = sent->sender;

    sender->echoes_count--;
    if (reply != NULL)
        sender->on_echo(cluster_sender_is_answer(reply, 1, "echo"), sent->first, sent->last,
                        sender->user);
}

/* Whether Redis has nothing of the batch for sure. */
static bool is_refusal(const redisReply *reply)
{
    const struct bytes text = cluster_redis_text(reply);

    return !bytes_starts_with(text, BYTES(PARTLY)) &&
           !bytes_starts_with(text, BYTES(PROTOCOL_ERROR));
}

static void on_reply(const redisReply *reply, void *data, void *user)
{
    struct cluster_sender_sent *sent = data;
    struct cluster_sender *sender = sent->sender;
    const bool is_acked = reply != NULL && cluster_sender_is_answer(reply, 0, "OK");

    (void)user;
    net_watermark_sub(&sender->pending, sent->work);
    if (reply != NULL)
        metrics_observe(sender->round_trip_ns, uv_hrtime() - sent->sent_ns,
                        METRICS_DURATION_UNIT_NS);
    if (sender->last_sent == sent)
        sender->last_sent = NULL;
    if (is_acked)
        atomic_fetch_add(sender->events_sent,
                         cluster_outbox_acked(sender->outbox, sent->first, sent->last));
    if (sent->may_echo)
        take_echo(sent, reply);
    if (!is_acked && reply != NULL) {
        if (is_refusal(reply))
            cluster_outbox_refused(sender->outbox, sent->first, sent->last);
        sender->on_refused(reply, sent->changes_state, sender->user);
    }
    report_waiters(&sent->waiters, is_acked);
    if (is_acked && sent->on_applied != NULL)
        sent->on_applied(reply, sender->user);
    free(sent);
}

static bool add_echo(struct cluster_sender *sender)
{
    char last_id[48];

    if (!cluster_batch_has_echo(&sender->batch) ||
        !sender->is_echo_possible(last_id, sizeof last_id, sender->user))
        return false;
    cluster_batch_echo(&sender->batch, last_id);
    sender->echoes_count++;
    return true;
}

void cluster_sender_flush(struct cluster_sender *sender, cluster_sender_applied_fn on_applied)
{
    struct cluster_sender_sent *sent;

    if (cluster_batch_is_empty(&sender->batch))
        return;
    sent = mem_new(sizeof *sent);
    sent->sender = sender;
    sent->may_echo = add_echo(sender);
    sent->first = sender->batch.first;
    sent->last = sender->batch.last;
    sent->sent_ns = uv_hrtime();
    sent->work = cluster_batch_work(&sender->batch);
    net_watermark_add(&sender->pending, sent->work);
    sent->on_applied = on_applied;
    sent->changes_state = sender->batch.changes_state;
    list_init(&sent->waiters);
    sender->last_sent = sent;
    cluster_redis_send(sender->redis, &sender->batch.command, on_reply, sent);
    cluster_batch_sent(&sender->batch);
}

bool cluster_sender_wait(struct cluster_sender *sender, cluster_sender_acked_fn on_acked,
                         void *data)
{
    struct waiter *waiter;

    if (sender->last_sent == NULL)
        return false;
    waiter = mem_new(sizeof *waiter);
    waiter->on_acked = on_acked;
    waiter->data = data;
    list_append(&sender->last_sent->waiters, &waiter->link);
    return true;
}
