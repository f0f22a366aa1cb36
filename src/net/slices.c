#include "net/slices.h"

static bool is_empty(const struct net_slices *slices)
{
    return slices->waiting.next == NULL || list_is_empty(&slices->waiting);
}

void net_slices_add(struct net_slices *slices, struct net_slices_job *slice)
{
    if (slices->waiting.next == NULL)
        list_init(&slices->waiting);
    list_append(&slices->waiting, &slice->link);
}

void net_slices_remove(struct net_slices_job *slice)
{
    list_remove(&slice->link);
}

static struct net_slices_job *take_first(struct net_slices *slices)
{
    struct net_slices_job *slice = LIST_OWNER(slices->waiting.next, struct net_slices_job, link);

    list_remove(&slice->link);
    return slice;
}

/* --- waiting for a queue that the jobs have filled ------------------------------------------- */

static void on_wake_mail(struct net_mail *mail, void *owner)
{
    struct net_slices *slices = LIST_OWNER(mail, struct net_slices, wake);

    (void)owner;
    slices->waits_for_queue = false;
    net_loop_come_back(slices->loop);
}

/* Runs on the thread that lowered the queue. */
static void on_low(struct net_watermark_waiter *waiter)
{
    struct net_slices *slices = LIST_OWNER(waiter, struct net_slices, waiter);

    if (!slices->loop->is_closed)
        net_mailbox_post(&slices->loop->mailbox, &slices->wake);
}

static void wait_for(struct net_slices *slices, struct net_loop *loop, struct net_watermark *filled)
{
    slices->waits_for_queue = true;
    slices->loop = loop;
    slices->wake.deliver = on_wake_mail;
    slices->waiter.on_low = on_low;
    net_watermark_wait(filled, &slices->waiter);
}

/* --- running -------------------------------------------------------------------------------- */

void net_slices_end_turn(struct net_slices *slices, struct net_loop *loop)
{
    struct net_watermark *filled = NULL;
    uint64_t end_ns;

    if (is_empty(slices) || slices->waits_for_queue)
        return;
    end_ns = uv_hrtime() + NET_SLICES_TURN_NS;
    net_watermark_take_filled(); /* noted before, by something else */
    while (!is_empty(slices) && filled == NULL && uv_hrtime() < end_ns) {
        struct net_slices_job *slice = take_first(slices);

        if (!slice->run(slice))
            net_slices_add(slices, slice);
        filled = net_watermark_take_filled();
    }
    if (filled != NULL)
        wait_for(slices, loop, filled);
    else if (!is_empty(slices))
        net_loop_come_back(loop);
}

void net_slices_close(struct net_slices *slices)
{
    while (!is_empty(slices)) {
        struct net_slices_job *slice = take_first(slices);

        slice->free(slice);
    }
}
