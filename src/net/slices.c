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

static void on_wake(struct net_mail *mail, void *owner)
{
    (void)owner;
    LIST_OWNER(mail, struct net_slices, wake)->is_waking = false;
}

static void wake(struct net_slices *slices, struct net_loop *loop)
{
    if (slices->is_waking)
        return;
    slices->is_waking = true;
    slices->wake.deliver = on_wake;
    net_mailbox_post(&loop->mailbox, &slices->wake);
}

void net_slices_end_turn(struct net_slices *slices, struct net_loop *loop)
{
    const uint64_t end_ns = is_empty(slices) ? 0 : uv_hrtime() + NET_SLICES_TURN_NS;

    while (!is_empty(slices) && uv_hrtime() < end_ns) {
        struct net_slices_job *slice = take_first(slices);

        if (!slice->run(slice))
            net_slices_add(slices, slice);
    }
    if (!is_empty(slices))
        wake(slices, loop);
}

void net_slices_close(struct net_slices *slices)
{
    while (!is_empty(slices)) {
        struct net_slices_job *slice = take_first(slices);

        slice->free(slice);
    }
}
