#include "cluster/apply.h"

#include "cluster/delivery.h"

static void note_left(struct cluster_link *link, char letter, const struct cluster_op *op,
                      struct bytes member)
{
    cluster_changes_left(&link->changes, letter, cluster_op_key(op), member,
                         cluster_link_talks(link), net_loop_now_ms(link->shared->loop));
}

static void subscribe(struct cluster_link *link, const struct cluster_op *op)
{
    const unsigned flags =
        op->number > 0 ? op->flags & ~(unsigned)CLUSTER_KEY_NOTIFIES_COUNT : op->flags;
    struct cluster_state_channel *channel =
        cluster_state_subscribe(&link->state, cluster_op_key(op), op->number, flags);

    if (channel->subscriptions_count == 0)
        note_left(link, 'v', op, BYTES(""));
    channel->notifies_count = (op->flags & CLUSTER_KEY_NOTIFIES_COUNT) != 0;
    if (!cluster_link_talks(link))
        cluster_state_clean(&link->state, channel);
}

/* Members come and go while the channel has subscriptions that Redis knows. */
static void join(struct cluster_link *link, const struct cluster_op *op)
{
    const struct bytes key = cluster_op_key(op);

    cluster_state_join(&link->state, key, cluster_op_first(op), cluster_op_second(op));
    if (!cluster_link_talks(link))
        return;
    cluster_report_subscriptions(&link->report, key);
    cluster_batch_join(cluster_sender_batch(&link->sender), key, cluster_op_first(op),
                       cluster_op_second(op));
}

static void leave(struct cluster_link *link, const struct cluster_op *op)
{
    cluster_state_leave(&link->state, cluster_op_key(op), cluster_op_first(op));
    note_left(link, 'r', op, cluster_op_first(op));
    if (cluster_link_talks(link))
        cluster_batch_leave(cluster_sender_batch(&link->sender), cluster_op_key(op),
                            cluster_op_first(op), op->is_unlisted);
}

static void await(struct cluster_link *link, const struct cluster_op *op)
{
    if (link->phase != CLUSTER_LINK_UP)
        return;
    cluster_report_subscriptions(&link->report, cluster_op_key(op));
    cluster_batch_await(cluster_sender_batch(&link->sender), cluster_op_key(op), op->waiter,
                        op->flags & CLUSTER_KEY_NOTIFIES_COUNT);
}

static void deliver(struct cluster_link *link, struct cluster_outbox_event *event)
{
    cluster_delivery_one(&link->outbox, event, link->shared->events, link->shared->user);
}

static void drop_surplus(struct cluster_link *link)
{
    struct cluster_outbox_event *surplus;

    while ((surplus = cluster_outbox_surplus(&link->outbox)) != NULL) {
        deliver(link, surplus);
        cluster_outbox_drop(&link->outbox, surplus);
        atomic_fetch_add(&link->shared->events_dropped, 1);
    }
}

static void send_event(struct cluster_link *link, struct cluster_outbox_event *event)
{
    if (link->phase == CLUSTER_LINK_UP)
        cluster_batch_event(cluster_sender_batch(&link->sender), event);
    else
        deliver(link, event);
    drop_surplus(link);
}

static void publish(struct cluster_link *link, const struct cluster_op *op)
{
    const struct bytes key = cluster_op_key(op);
    const struct cluster_state_channel *channel = cluster_state_find(&link->state, key);
    const bool has_subscribers = channel != NULL && channel->subscriptions_count > 0;

    if (link->phase == CLUSTER_LINK_UP)
        cluster_report_subscriptions(&link->report, key);
    send_event(link, cluster_outbox_add(&link->outbox, key, op->waiter.socket_id, op->frame,
                                        op->ttl_ms, op->pending == NULL || !has_subscribers));
    if (op->pending != NULL)
        atomic_fetch_sub_explicit(op->pending, 1, memory_order_release);
}

static void terminate(struct cluster_link *link, const struct cluster_op *op)
{
    send_event(link, cluster_outbox_add(&link->outbox, cluster_op_key(op), 0, NULL, 0, false));
}

static void count_connections(struct cluster_link *link, const struct cluster_op *op)
{
    struct cluster_state_app *app =
        cluster_state_connect(&link->state, cluster_op_key(op), op->number, false);

    if (!cluster_link_talks(link))
        cluster_state_clean_app(&link->state, app);
}

static void admit(struct cluster_link *link, const struct cluster_op *op)
{
    if (link->phase != CLUSTER_LINK_UP)
        return;
    cluster_report_connections(&link->report, cluster_op_key(op));
    cluster_batch_admit(cluster_sender_batch(&link->sender), cluster_op_key(op),
                        (uint32_t)op->number,
                        (struct cluster_waiter){op->waiter.socket_id, link->incarnation});
}

void cluster_apply(struct cluster_link *link, const struct cluster_op *op)
{
    switch (op->kind) {
    case CLUSTER_OP_SUBSCRIPTIONS:
        subscribe(link, op);
        break;
    case CLUSTER_OP_JOIN:
        join(link, op);
        break;
    case CLUSTER_OP_LEAVE:
        leave(link, op);
        break;
    case CLUSTER_OP_AWAIT:
        await(link, op);
        break;
    case CLUSTER_OP_PUBLISH:
        publish(link, op);
        break;
    case CLUSTER_OP_TERMINATE:
        terminate(link, op);
        break;
    case CLUSTER_OP_FORGET_CACHED:
        cluster_report_forget_cached(&link->report, cluster_op_key(op), op->ttl_ms);
        break;
    case CLUSTER_OP_CONNECTIONS:
        count_connections(link, op);
        break;
    case CLUSTER_OP_ADMIT:
        admit(link, op);
        break;
    case CLUSTER_OP_LOOKUP_ONLINE:
        if (link->phase == CLUSTER_LINK_UP)
            cluster_batch_lookup_online(cluster_sender_batch(&link->sender), cluster_op_key(op),
                                        op->waiter);
        break;
    }
}
