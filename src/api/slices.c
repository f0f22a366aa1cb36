#include "api/slices.h"

static bool is_empty(const struct api_slices *slices)
{
    return slices->waiting.next == NULL || list_is_empty(&slices->waiting);
}

void api_slices_add(struct api_slices *slices, struct api_slices_job *slice)
{
    if (slices->waiting.next == NULL)
        list_init(&slices->waiting);
    list_append(&slices->waiting, &slice->link);
}

static struct api_slices_job *take_first(struct api_slices *slices)
{
    struct api_slices_job *slice = LIST_OWNER(slices->waiting.next, struct api_slices_job, link);

    list_remove(&slice->link);
    return slice;
}

static void on_wake(struct net_mail *mail, void *owner)
{
    (void)owner;
    LIST_OWNER(mail, struct api_slices, wake)->is_waking = false;
}

static void wake(struct api_slices *slices, struct net_loop *loop)
{
    if (slices->is_waking)
        return;
    slices->is_waking = true;
    slices->wake.deliver = on_wake;
    net_mailbox_post(&loop->mailbox, &slices->wake);
}

void api_slices_end_turn(struct api_slices *slices, struct net_loop *loop)
{
    const uint64_t end_ns = is_empty(slices) ? 0 : uv_hrtime() + API_SLICES_TURN_NS;

    while (!is_empty(slices) && uv_hrtime() < end_ns) {
        struct api_slices_job *slice = take_first(slices);

        if (!slice->run(slice))
            api_slices_add(slices, slice);
    }
    if (!is_empty(slices))
        wake(slices, loop);
}

void api_slices_close(struct api_slices *slices)
{
    while (!is_empty(slices)) {
        struct api_slices_job *slice = take_first(slices);

        slice->free(slice);
    }
}
