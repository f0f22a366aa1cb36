#include "channel/publish.h"

#include "base/mem.h"

struct event_mail {
    struct net_mail mail;
    struct channel_fanout *fanout; /* the receiving worker's */
    struct channel *channel;
    struct ws_message *message;
    uint64_t except;
    bool is_of_cluster;
};

static void on_event_mail(struct net_mail *mail, void *owner)
{
    struct event_mail *event = (struct event_mail *)mail;

    (void)owner;
    channel_fanout_add_event(event->fanout, event->channel, event->message, event->except,
                             event->is_of_cluster);
    ws_message_unref(event->message);
    channel_unref(event->channel);
    free(event);
}

static void post(struct channel_fanout *to, struct channel *channel, struct ws_message *message,
                 uint64_t except, bool is_of_cluster)
{
    struct event_mail *event = mem_new(sizeof *event);

    event->mail.deliver = on_event_mail;
    event->fanout = to;
    event->channel = channel_ref(channel);
    event->message = ws_message_ref(message);
    event->except = except;
    event->is_of_cluster = is_of_cluster;
    event->mail.bytes = ws_message_text(message).len;
    if (!is_of_cluster)
        net_watermark_note(&to->watermark, ws_message_text(message).len *
                                               atomic_load_explicit(&channel->subscriptions_count,
                                                                    memory_order_relaxed));
    NET_MAILBOX_POST(&to->loop->mailbox, event);
}

static void post_to(const struct channel_fanout_set *fanouts, uint64_t workers,
                    struct channel *channel, struct ws_message *message, uint64_t except)
{
    while (workers != 0) {
        const int worker = __builtin_ctzll(workers);

        workers &= workers - 1;
        post(fanouts->of_workers[worker], channel, message, except, fanouts->is_of_cluster);
    }
}

static void post_to_others(struct channel_fanout *fanout, struct channel *channel,
                           struct ws_message *message, uint64_t except)
{
    post_to(&fanout->all, atomic_load(&channel->workers) & ~(UINT64_C(1) << fanout->worker),
            channel, message, except);
}

void channel_publish_in_order(const struct channel_fanout_set *fanouts, struct channel *channel,
                              struct ws_message *message, uint64_t except)
{
    post_to(fanouts, atomic_load(&channel->workers), channel, message, except);
}

void channel_publish_text_in_order(const struct channel_fanout_set *fanouts,
                                   struct channel *channel, struct bytes text)
{
    struct ws_message *message = ws_message_new(text);

    channel_publish_in_order(fanouts, channel, message, 0);
    ws_message_unref(message);
}

void channel_publish(struct channel_fanout *fanout, struct channel *channel,
                     struct ws_message *message, uint64_t except)
{
    post_to_others(fanout, channel, message, except);
    /* Messages that were published in order before wait in this worker's mailbox: they go first. */
    if (net_mailbox_is_idle(&fanout->loop->mailbox))
        channel_fanout_add_event(fanout, channel, message, except, false);
    else if (channel->receivers[fanout->worker] != NULL)
        post(fanout, channel, message, except, false);
}

bool channel_publish_is_any_full(const struct channel_fanout *fanout, size_t workers_count)
{
    for (size_t i = 0; i < workers_count; i++)
        if (i != fanout->worker && net_mailbox_is_full(&fanout->all.of_workers[i]->loop->mailbox))
            return true;
    return false;
}

bool channel_publish_is_overloaded(const struct channel_fanout *fanout,
                                   const struct channel *channel)
{
    uint64_t workers = atomic_load(&channel->workers) & ~(UINT64_C(1) << fanout->worker);

    for (; workers != 0; workers &= workers - 1)
        if (net_mailbox_is_full(&fanout->all.of_workers[__builtin_ctzll(workers)]->loop->mailbox))
            return true;
    return false;
}
