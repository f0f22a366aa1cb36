#include "channel/fanout.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/move.h"
#include "channel/registry.h"
#include "channel/run.h"

/* The runs of a turn are sent in the order in which they were begun. An event joins the run of its
 * channel only where that cannot overtake another: the run is the turn's latest, or none of the
 * channel's subscribers is in any other channel. Else it begins a new run.
 *
 * Where a run is all that its receivers get this turn, each is sent it at once, by reference.
 * Otherwise the runs queue at the connection, which sends them together when the turn ends.
 *
 * Who joins a channel in the middle of a run hears the rest of it, which is sent by reference too:
 * so when thousands come back at one time, those who are there hear of them in a few sends. */

struct event_mail {
    struct net_mail mail;
    struct channel_fanout *fanout; /* the receiving worker's */
    struct channel *channel;
    struct ws_message *message;
    uint64_t except;
};

struct activation_mail {
    struct net_mail mail;
    struct channel_fanout *fanout;
    struct channel *channel;
    struct ws_conn *conn; /* only to look up: it may be gone */
    uint32_t token;       /* of the subscription */
    struct ws_message *welcome;
    struct ws_message *cached;
};

/* --- receivers ------------------------------------------------------------------------------ */

static struct channel_receivers *receivers_of(const struct channel_fanout *fanout,
                                              const struct channel *channel)
{
    return channel->receivers[fanout->worker];
}

struct channel_subscription *channel_fanout_find(const struct channel_fanout *fanout,
                                                 const struct ws_conn *conn,
                                                 const struct channel *channel)
{
    const struct channel_receivers *receivers = receivers_of(fanout, channel);

    return receivers ? channel_receivers_find(receivers, conn) : NULL;
}

/* A subscription counts as shared where its subscriber has another one. */
static void mark_shared(struct channel_fanout *fanout, struct channel_subscription *subscription,
                        bool is_shared)
{
    if (!subscription->is_active || subscription->is_shared == is_shared)
        return;
    subscription->is_shared = is_shared;
    if (is_shared)
        receivers_of(fanout, subscription->channel)->shared_count++;
    else
        receivers_of(fanout, subscription->channel)->shared_count--;
}

static struct channel_subscription *first_of(const struct channel_subscriber *subscriber)
{
    return LIST_OWNER(subscriber->subscriptions.next, struct channel_subscription, link);
}

/* Of several only the first can have become active when it was alone. */
static void note_another(struct channel_fanout *fanout, struct channel_subscription *subscription)
{
    if (subscription->subscriber->count < 2)
        return;
    mark_shared(fanout, first_of(subscription->subscriber), true);
    mark_shared(fanout, subscription, true);
}

/* Of two the one that stays is alone. */
static void note_one_less(struct channel_fanout *fanout, struct channel_subscription *subscription)
{
    mark_shared(fanout, subscription, false);
    if (subscription->subscriber->count != 2)
        return;
    LIST_EACH(link, following, &subscription->subscriber->subscriptions) {
        mark_shared(fanout, LIST_OWNER(link, struct channel_subscription, link), false);
    }
}

void channel_fanout_add(struct channel_fanout *fanout, struct channel_subscription *subscription)
{
    channel_receivers_activate(receivers_of(fanout, subscription->channel), subscription);
    note_another(fanout, subscription);
}

/* Who leaves has heard what was published before; to a connection that is over nothing is owed. */
static void flush_run(struct channel_fanout *fanout, const struct channel_receivers *receivers,
                      const struct channel_subscription *subscription)
{
    if (receivers->run != NULL &&
        (ws_conn_is_open(subscription->subscriber->conn) || receivers->runs_count > 1 ||
         !channel_run_lose_receiver(receivers->run, receivers->count)))
        channel_fanout_flush(fanout);
}

static void deactivate(struct channel_fanout *fanout, struct channel_subscription *subscription)
{
    struct channel_receivers *receivers = receivers_of(fanout, subscription->channel);

    flush_run(fanout, receivers, subscription);
    note_one_less(fanout, subscription);
    channel_receivers_deactivate(receivers, subscription);
}

struct channel_subscription *channel_fanout_join(struct channel_fanout *fanout,
                                                 struct channel_registry *registry,
                                                 struct bytes name,
                                                 struct channel_subscriber *subscriber,
                                                 bool *is_first)
{
    struct channel_subscription *subscription = mem_new(sizeof *subscription);

    subscription->token = ++fanout->last_token;
    subscription->subscriber = subscriber;
    subscription->channel = channel_registry_join(registry, name, fanout->worker, is_first);
    list_append(&subscriber->subscriptions, &subscription->link);
    subscriber->count++;
    channel_receivers_add(channel_hold_receivers(subscription->channel, fanout->worker),
                          subscription);
    return subscription;
}

/* The worker's last connection left the channel: flushes what is still queued for others. */
static void drop_receivers(struct channel_fanout *fanout, struct channel *channel)
{
    const struct channel_receivers *receivers = receivers_of(fanout, channel);

    CHECK(receivers->count == 0 && receivers->shared_count == 0);
    if (receivers->run != NULL)
        channel_fanout_flush(fanout);
    channel_drop_receivers(channel, fanout->worker);
}

struct channel *channel_fanout_leave(struct channel_fanout *fanout,
                                     struct channel_subscription *subscription, bool *is_last)
{
    struct channel *channel = subscription->channel;
    struct channel_receivers *receivers = receivers_of(fanout, channel);
    bool is_last_of_worker;

    if (subscription->is_active)
        deactivate(fanout, subscription);
    list_remove(&subscription->link);
    subscription->subscriber->count--;
    channel_receivers_remove(receivers, subscription);
    is_last_of_worker = receivers->entries_count == 0;
    if (is_last_of_worker)
        drop_receivers(fanout, channel);
    free(subscription);
    *is_last = channel_registry_leave(channel, fanout->worker, is_last_of_worker);
    return channel;
}

/* --- runs ----------------------------------------------------------------------------------- */

static struct channel_run *begin_run(struct channel_fanout *fanout, struct channel *channel)
{
    struct channel_receivers *receivers = receivers_of(fanout, channel);
    struct channel_run *run = channel_run_new(channel);

    if (fanout->last_run != NULL)
        fanout->last_run->next = run;
    else
        fanout->first_run = run;
    fanout->last_run = run;
    receivers->run = run;
    receivers->runs_count++;
    return run;
}

/* The run that the next event of `channel` joins. */
static struct channel_run *run_for(struct channel_fanout *fanout, struct channel *channel)
{
    const struct channel_receivers *receivers = receivers_of(fanout, channel);

    if (receivers->run != NULL &&
        (receivers->shared_count == 0 || fanout->last_run == receivers->run))
        return receivers->run;
    return begin_run(fanout, channel);
}

/* Who of this worker's subscribers is left out; NULL where nobody is. */
static struct channel_subscription *excepted(struct channel_fanout *fanout,
                                             const struct channel *channel, uint64_t except)
{
    const struct channel_subscriber *subscriber =
        except != 0 ? fanout->find(fanout->user, except) : NULL;
    struct channel_subscription *subscription =
        subscriber ? channel_fanout_find(fanout, subscriber->conn, channel) : NULL;

    return subscription != NULL && subscription->is_active ? subscription : NULL;
}

/* Gathers the event for this worker's subscribers. */
static void gather(struct channel_fanout *fanout, struct channel *channel,
                   struct ws_message *message, uint64_t except)
{
    const struct channel_receivers *receivers = receivers_of(fanout, channel);

    if (receivers != NULL && receivers->count > 0)
        channel_run_add(run_for(fanout, channel), message, receivers->count,
                        excepted(fanout, channel, except));
}

static void note_slow(struct channel_fanout *fanout, struct ws_conn *conn)
{
    fanout->slow =
        mem_room(fanout->slow, fanout->slow_count, &fanout->slow_cap, sizeof(struct ws_conn *));
    fanout->slow[fanout->slow_count++] = conn;
}

static void count_sent(const struct channel_fanout *fanout, const struct channel *channel,
                       size_t count)
{
    struct metrics_app *app = channel_registry_metrics(channel->registry, fanout->worker);

    metrics_add(&fanout->metrics->messages_sent, count);
    if (app != NULL)
        metrics_add(&app->messages_sent, count);
}

/* Each message to each of its receivers, for whoever listens. */
static void notify_sent(const struct channel_fanout *fanout, const struct channel_run *run,
                        size_t sent_count)
{
    const struct channel_receivers *receivers = receivers_of(fanout, run->channel);
    size_t group = 0;

    if (fanout->on_sent_count != NULL && sent_count > 0)
        fanout->on_sent_count(receivers->entries[0].conn, sent_count);
    if (fanout->on_sent == NULL)
        return;
    for (uint32_t i = 0; i < run->receivers_count; i++) {
        const struct channel_receivers_entry receiver = receivers->entries[i];
        size_t skip = 0;

        for (size_t j = channel_run_first(run, i, &group);
             channel_run_next(run, receiver.subscription, &j, &skip); j++)
            fanout->on_sent(receiver.conn, run->messages[j]);
    }
}

/* To a receiver that does not hear all of the run. */
static bool send_part(struct channel_fanout *fanout, struct channel_run *run,
                      struct channel_receivers_entry receiver, size_t first)
{
    const enum ws_deflate_form form = receiver.conn->form;
    struct net_chunk *frames;
    bool is_taken;

    if (!receiver.subscription->is_skipping)
        return ws_conn_queue_frames(receiver.conn, channel_run_frames(run, form, fanout->deflate),
                                    channel_run_start(run, first, form, fanout->deflate));
    frames = channel_run_frames_for(run, first, receiver.subscription, form, fanout->deflate);
    is_taken = frames == NULL || ws_conn_queue_frames(receiver.conn, frames, 0);
    net_chunk_unref(frames);
    return is_taken;
}

static bool send_whole(struct channel_fanout *fanout, struct channel_run *run, struct ws_conn *conn,
                       bool is_all)
{
    struct net_chunk *frames = channel_run_frames(run, conn->form, fanout->deflate);

    return is_all ? ws_conn_send_frames(conn, frames) : ws_conn_queue_frames(conn, frames, 0);
}

/* `is_all`: the run is all that its receivers get this turn. */
static void send_run(struct channel_fanout *fanout, struct channel_run *run, bool is_all)
{
    const struct channel_receivers *receivers = receivers_of(fanout, run->channel);
    size_t sent_count = 0;
    size_t group = 0;

    for (uint32_t i = 0; i < run->receivers_count; i++) {
        const struct channel_receivers_entry receiver = receivers->entries[i];
        const size_t first = run->newcomers_count > 0 ? channel_run_first(run, i, &group) : 0;
        const bool is_part =
            first > 0 || (run->skips_count > 0 && receiver.subscription->is_skipping);

        if (i + 4 < run->receivers_count)
            __builtin_prefetch(receivers->entries[i + 4].conn);
        if (is_part ? !send_part(fanout, run, receiver, first)
                    : !send_whole(fanout, run, receiver.conn, is_all))
            note_slow(fanout, receiver.conn);
        sent_count += run->messages_count - first;
    }
    sent_count -= run->skips_count;
    metrics_observe(&fanout->metrics->fanout_receivers, run->receivers_count,
                    METRICS_RECEIVERS_UNIT);
    count_sent(fanout, run->channel, sent_count);
    notify_sent(fanout, run, sent_count);
}

void channel_fanout_flush(struct channel_fanout *fanout)
{
    const bool is_only_run = fanout->first_run == fanout->last_run;
    struct channel_run *run;

    while ((run = fanout->first_run) != NULL) {
        struct channel_receivers *receivers = receivers_of(fanout, run->channel);

        fanout->first_run = run->next;
        if (run->next == NULL)
            fanout->last_run = NULL;
        if (receivers->run == run)
            receivers->run = NULL;
        receivers->runs_count--;
        channel_run_mark_skipping(run, true);
        send_run(fanout, run, is_only_run || receivers->shared_count == 0);
        channel_run_mark_skipping(run, false);
        channel_run_free(run);
    }
}

void channel_fanout_end_turn(struct channel_fanout *fanout)
{
    channel_fanout_flush(fanout);
    for (size_t i = 0; i < fanout->slow_count; i++)
        fanout->on_slow_reader(fanout->slow[i]);
    fanout->slow_count = 0;
}

/* --- publishing ----------------------------------------------------------------------------- */

static void on_event_mail(struct net_mail *mail, void *owner)
{
    struct event_mail *event = (struct event_mail *)mail;

    (void)owner;
    gather(event->fanout, event->channel, event->message, event->except);
    ws_message_unref(event->message);
    channel_unref(event->channel);
    free(event);
}

static void post(struct channel_fanout *to, struct channel *channel, struct ws_message *message,
                 uint64_t except)
{
    struct event_mail *event = mem_new(sizeof *event);

    event->mail.deliver = on_event_mail;
    event->fanout = to;
    event->channel = channel_ref(channel);
    event->message = ws_message_ref(message);
    event->except = except;
    NET_MAILBOX_POST(&to->loop->mailbox, event);
}

static void post_to(struct channel_fanout *const *fanouts, uint64_t workers,
                    struct channel *channel, struct ws_message *message, uint64_t except)
{
    while (workers != 0) {
        const int worker = __builtin_ctzll(workers);

        workers &= workers - 1;
        post(fanouts[worker], channel, message, except);
    }
}

static void post_to_others(struct channel_fanout *fanout, struct channel *channel,
                           struct ws_message *message, uint64_t except)
{
    post_to(fanout->all, atomic_load(&channel->workers) & ~(UINT64_C(1) << fanout->worker), channel,
            message, except);
}

void channel_fanout_publish_in_order(struct channel_fanout *const *fanouts, struct channel *channel,
                                     struct ws_message *message, uint64_t except)
{
    post_to(fanouts, atomic_load(&channel->workers), channel, message, except);
}

void channel_fanout_notify_in_order(struct channel_fanout *const *fanouts, struct channel *channel,
                                    struct bytes text)
{
    struct ws_message *message = ws_message_new(text);

    channel_fanout_publish_in_order(fanouts, channel, message, 0);
    ws_message_unref(message);
}

void channel_fanout_publish(struct channel_fanout *fanout, struct channel *channel,
                            struct ws_message *message, uint64_t except)
{
    post_to_others(fanout, channel, message, except);
    gather(fanout, channel, message, except);
}

bool channel_fanout_is_overloaded(const struct channel_fanout *fanout,
                                  const struct channel *channel)
{
    uint64_t workers = atomic_load(&channel->workers) & ~(UINT64_C(1) << fanout->worker);

    for (; workers != 0; workers &= workers - 1)
        if (net_mailbox_is_full(&fanout->all[__builtin_ctzll(workers)]->loop->mailbox))
            return true;
    return false;
}

/* --- joining in order ----------------------------------------------------------------------- */

static void send_or_note(struct channel_fanout *fanout, const struct channel *channel,
                         struct ws_conn *conn, struct ws_message *message)
{
    if (message == NULL)
        return;
    count_sent(fanout, channel, 1);
    if (fanout->on_sent != NULL)
        fanout->on_sent(conn, message);
    if (fanout->on_sent_count != NULL)
        fanout->on_sent_count(conn, 1);
    if (!ws_conn_queue_frames(conn, ws_message_frame(message, conn->form, fanout->deflate), 0))
        note_slow(fanout, conn);
}

void channel_fanout_activate(struct channel_fanout *fanout,
                             struct channel_subscription *subscription, struct ws_message *welcome,
                             struct ws_message *cached)
{
    channel_fanout_add(fanout, subscription);
    send_or_note(fanout, subscription->channel, subscription->subscriber->conn, welcome);
    send_or_note(fanout, subscription->channel, subscription->subscriber->conn, cached);
}

static void on_activation_mail(struct net_mail *mail, void *owner)
{
    struct activation_mail *activation = (struct activation_mail *)mail;
    struct channel_fanout *fanout = activation->fanout;
    struct channel_subscription *subscription =
        channel_fanout_find(fanout, activation->conn, activation->channel);

    (void)owner;
    if (subscription != NULL && subscription->token == activation->token &&
        !subscription->is_active)
        channel_fanout_activate(fanout, subscription, activation->welcome, activation->cached);
    ws_message_unref(activation->welcome);
    ws_message_unref(activation->cached);
    channel_unref(activation->channel);
    free(activation);
}

void channel_fanout_add_in_order(struct channel_fanout *fanout,
                                 struct channel_subscription *subscription,
                                 struct ws_message **welcome, struct ws_message **cached)
{
    struct activation_mail *activation = mem_new(sizeof *activation);

    activation->mail.deliver = on_activation_mail;
    activation->fanout = fanout;
    activation->channel = channel_ref(subscription->channel);
    activation->conn = subscription->subscriber->conn;
    activation->token = subscription->token;
    activation->welcome = MOVE(*welcome);
    activation->cached = MOVE(*cached);
    NET_MAILBOX_POST(&fanout->loop->mailbox, activation);
}

void channel_fanout_catch_up(struct channel_fanout *fanout)
{
    net_mailbox_drain(&fanout->loop->mailbox);
}

/* --- life ----------------------------------------------------------------------------------- */

void channel_fanout_init(struct channel_fanout *fanout)
{
    fanout->first_run = NULL;
    fanout->last_run = NULL;
    fanout->slow = NULL;
    fanout->slow_count = 0;
    fanout->slow_cap = 0;
}

void channel_fanout_deinit(struct channel_fanout *fanout)
{
    channel_fanout_flush(fanout);
    free(fanout->slow);
    fanout->slow = NULL;
}
