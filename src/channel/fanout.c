#include "channel/fanout.h"

#include "base/mem.h"
#include "base/move.h"
#include "channel/registry.h"
#include "channel/run.h"
#include "channel/shared.h"

/* Runs wait in a queue and are sent in the order in which they were begun. An event joins the
 * latest run of its channel only if that cannot overtake another: that run is the last of the
 * queue, or none of the channel's subscribers is in any other channel. Else it begins a new run.
 *
 * A turn sends for SLICE_NS at most, and the next turn resumes: however many receivers there are,
 * no other request waits longer than that. Meanwhile receivers come and go. Each receives messages
 * from the one on that was next when it came (`from`). The first `sent_count` receivers have been
 * sent the run under way and stay in front.
 *
 * If a run is all that its receivers get this turn, each is sent it at once, by reference.
 * Otherwise the runs queue at the connection, which sends them together when the turn ends. */

/* How long a turn sends before other work has its time. */
#define SLICE_NS UINT64_C(16000000)
/* The clock is read after this many sends, or after one send that is larger than the size below. */
#define SENDS_A_LOOK 16
#define LARGE_RUN_BYTES 65536
/* What is only queued costs its time later, when the turn ends: hence limits of how much a turn
 * queues, and of the connections that it is then sent on. */
#define QUEUED_A_TURN_MAX 32768
#define QUEUED_BYTES_A_TURN_MAX ((size_t)8 * 1024 * 1024)
#define UNSENT_A_TURN_MAX 8192
/* A run of this size is full and the next one begins: a reader that is sent a whole run is behind
 * by its size. */
#define RUN_BYTES_MAX 262144
/* If more than this waits to be sent to all receivers together, publishers are not read from. */
#define WAITING_BYTES_HIGH ((size_t)32 * 1024 * 1024)
#define WAITING_BYTES_STEP 32768

/* What this turn may still send. */
struct slice {
    uint64_t ends_ns; /* UINT64_MAX: no limit */
    size_t sends_count;
    size_t queued_count;
    size_t queued_bytes;
};

/* What receivers were sent. */
struct sent {
    size_t count; /* messages; each receiver counts */
    size_t bytes; /* of their texts */
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

bool channel_fanout_has_news(const struct channel_fanout *fanout,
                             const struct channel_subscription *subscription)
{
    return receivers_of(fanout, subscription->channel)->sequence > subscription->from;
}

/* Frees the worker's receivers of the channel if they are empty and no run is queued for them. */
static void release(struct channel_fanout *fanout, struct channel *channel)
{
    const struct channel_receivers *receivers = receivers_of(fanout, channel);

    if (receivers->entries_count == 0 && receivers->runs_count == 0)
        channel_drop_receivers(channel, fanout->worker);
}

void channel_fanout_add(struct channel_fanout *fanout, struct channel_subscription *subscription)
{
    if (subscription->requested_ns != 0)
        metrics_observe(&fanout->metrics->subscribe_ns, uv_hrtime() - subscription->requested_ns,
                        METRICS_DURATION_UNIT_NS);
    channel_receivers_activate(receivers_of(fanout, subscription->channel), subscription);
    channel_shared_note_another(subscription, fanout->worker);
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

/* --- runs ----------------------------------------------------------------------------------- */

static struct channel_run *begin_run(struct channel_fanout *fanout, struct channel *channel)
{
    struct channel_receivers *receivers = receivers_of(fanout, channel);
    struct channel_run *run = channel_run_new(channel, receivers->sequence);

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
    struct channel_run *run = receivers->run;

    if (run != NULL && !run->is_closed && run->bytes < RUN_BYTES_MAX &&
        (receivers->shared_count == 0 || fanout->last_run == run))
        return run;
    return begin_run(fanout, channel);
}

/* The subscription of this worker that `except` leaves out; NULL if there is none. */
static struct channel_subscription *excepted(struct channel_fanout *fanout,
                                             const struct channel *channel, uint64_t except)
{
    const struct channel_subscriber *subscriber =
        except != 0 ? fanout->find(fanout->user, except) : NULL;
    struct channel_subscription *subscription =
        subscriber ? channel_fanout_find(fanout, subscriber->conn, channel) : NULL;

    return subscription != NULL && subscription->is_active ? subscription : NULL;
}

static void note_waiting(struct channel_fanout *fanout, struct channel_run *run, size_t bytes)
{
    run->waiting_bytes += bytes;
    net_watermark_add(&fanout->watermark, bytes);
}

void channel_fanout_add_event(struct channel_fanout *fanout, struct channel *channel,
                              struct ws_message *message, uint64_t except, bool is_of_cluster)
{
    struct channel_receivers *receivers = receivers_of(fanout, channel);
    const size_t frame_len = ws_message_frame(message, WS_DEFLATE_PLAIN, NULL)->len;
    struct channel_run *run;

    if (receivers == NULL || receivers->count == 0)
        return;
    run = run_for(fanout, channel);
    channel_run_add(run, message, excepted(fanout, channel, except));
    atomic_fetch_add_explicit(&fanout->queued_bytes, NET_MAILBOX_MAIL_BYTES + frame_len,
                              memory_order_relaxed);
    if (!is_of_cluster)
        note_waiting(fanout, run, receivers->count * frame_len);
    receivers->sequence++;
}

static void note_slow(struct channel_fanout *fanout, struct ws_conn *conn)
{
    fanout->slow =
        mem_room(fanout->slow, fanout->slow_count, &fanout->slow_cap, sizeof(struct ws_conn *));
    fanout->slow[fanout->slow_count++] = conn;
}

/* Counts the messages of the run that a receiver was sent, and notifies the observer of each. */
static void note_sent(const struct channel_fanout *fanout, const struct channel_run *run,
                      struct channel_receivers_entry receiver, size_t first, struct sent *sent)
{
    size_t skip = 0;

    for (size_t i = first; channel_run_next(run, receiver.subscription, &i, &skip); i++) {
        if (fanout->on_sent != NULL)
            fanout->on_sent(receiver.conn, run->messages[i]);
        sent->count++;
        sent->bytes += ws_message_text(run->messages[i]).len;
    }
}

static void count_sent(const struct channel_fanout *fanout, const struct channel *channel,
                       struct ws_conn *conn, struct sent sent)
{
    struct metrics_app *app = channel_registry_metrics(channel->registry, fanout->worker);

    if (sent.count == 0)
        return;
    metrics_add(&fanout->metrics->messages_sent, sent.count);
    if (app != NULL) {
        metrics_add(&app->messages_sent, sent.count);
        metrics_add(&app->bytes_sent, sent.bytes);
    }
    if (fanout->on_sent_count != NULL)
        fanout->on_sent_count(conn, sent.count);
}

/* Sends to a receiver that skips some of the run's messages or missed the first ones. */
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

/* Sends the run from message `first` on; `is_all`: the run is all that its receivers get this turn.
 * Adds to `sent`. */
static void send_to(struct channel_fanout *fanout, struct channel_run *run,
                    struct channel_receivers_entry receiver, size_t first, bool is_all,
                    struct sent *sent)
{
    const bool is_part = first > 0 || (run->skips_count > 0 && receiver.subscription->is_skipping);

    if (is_part ? !send_part(fanout, run, receiver, first)
                : !send_whole(fanout, run, receiver.conn, is_all))
        note_slow(fanout, receiver.conn);
    if (is_part || fanout->on_sent != NULL) {
        note_sent(fanout, run, receiver, first, sent);
    } else {
        sent->count += run->messages_count;
        sent->bytes += run->text_bytes;
    }
}

/* One more receiver's frames wait for the end of the turn; whether that is enough. */
static bool is_enough_queued(const struct channel_fanout *fanout, struct slice *slice, size_t bytes)
{
    slice->queued_count++;
    slice->queued_bytes += bytes;
    return slice->queued_count >= QUEUED_A_TURN_MAX ||
           slice->queued_bytes >= QUEUED_BYTES_A_TURN_MAX ||
           fanout->loop->unsent_work >= UNSENT_A_TURN_MAX;
}

/* Whether the turn has sent enough; `bytes` were just sent to one more receiver. */
static bool is_over(const struct channel_fanout *fanout, struct slice *slice, size_t bytes,
                    bool is_queued)
{
    if (slice->ends_ns == UINT64_MAX)
        return false;
    if (is_queued && is_enough_queued(fanout, slice, bytes))
        return true;
    if (++slice->sends_count % fanout->sends_a_look != 0 && bytes < LARGE_RUN_BYTES)
        return false;
    return uv_hrtime() >= slice->ends_ns;
}

static void note_waiting_less(struct channel_fanout *fanout, struct channel_run *run, size_t bytes)
{
    if (bytes > run->waiting_bytes)
        bytes = run->waiting_bytes;
    run->waiting_bytes -= bytes;
    net_watermark_sub(&fanout->watermark, bytes);
}

/* Resumes the run; false if the slice ends before all receivers have been sent it. */
static bool send_run(struct channel_fanout *fanout, struct channel_run *run, bool is_all,
                     struct slice *slice)
{
    struct channel_receivers *receivers = receivers_of(fanout, run->channel);
    const bool has_newcomers = receivers->latest_from > run->first;
    const size_t sent_before = receivers->sent_count;
    struct ws_conn *conn = NULL;
    struct sent sent = {0};
    bool is_stopped = false;

    while (receivers->sent_count < receivers->count && !is_stopped) {
        const uint32_t index = receivers->sent_count++;
        const struct channel_receivers_entry receiver = receivers->entries[index];
        const size_t first = has_newcomers ? channel_run_first(run, receiver.subscription) : 0;

        if (index + 4 < receivers->count)
            __builtin_prefetch(receivers->entries[index + 4].conn);
        if (first == run->messages_count)
            continue;
        conn = receiver.conn;
        send_to(fanout, run, receiver, first, is_all, &sent);
        is_stopped = is_over(fanout, slice, run->bytes, !is_all);
    }
    count_sent(fanout, run->channel, conn, sent);
    note_waiting_less(fanout, run, (receivers->sent_count - sent_before) * run->bytes);
    return receivers->sent_count == receivers->count;
}

static void begin_sending(struct channel_fanout *fanout, struct channel_run *run)
{
    if (!run->is_begun)
        metrics_observe(&fanout->metrics->fanout_receivers,
                        receivers_of(fanout, run->channel)->count, METRICS_RECEIVERS_UNIT);
    run->is_begun = true;
    run->is_closed = true;
    channel_run_mark_skipping(run, true);
}

static void end_run(struct channel_fanout *fanout, struct channel_run *run)
{
    struct channel_receivers *receivers = receivers_of(fanout, run->channel);

    fanout->first_run = run->next;
    if (run->next == NULL)
        fanout->last_run = NULL;
    if (receivers->run == run)
        receivers->run = NULL;
    receivers->runs_count--;
    receivers->sent_count = 0;
    channel_run_mark_skipping(run, false);
    note_waiting_less(fanout, run, run->waiting_bytes);
    atomic_fetch_sub_explicit(&fanout->queued_bytes,
                              run->messages_count * NET_MAILBOX_MAIL_BYTES + run->bytes,
                              memory_order_relaxed);
    release(fanout, run->channel);
    channel_run_free(run);
}

static void send_runs(struct channel_fanout *fanout, struct slice *slice)
{
    const bool is_only_run = fanout->first_run == fanout->last_run;
    struct channel_run *run;

    while ((run = fanout->first_run) != NULL) {
        begin_sending(fanout, run);
        if (!send_run(fanout, run,
                      is_only_run || receivers_of(fanout, run->channel)->shared_count == 0, slice))
            return;
        end_run(fanout, run);
    }
}

/* The last slice ended in the first run: this one begins with the runs of other apps. Each app's
 * runs keep their order, and no connection is of two apps. */
static void let_others_go_first(struct channel_fanout *fanout)
{
    const atomic_size_t *app = fanout->first_run->channel->owner_refs;
    struct channel_run **others_end = &fanout->first_run;
    struct channel_run *run = fanout->first_run;
    struct channel_run *own = NULL;
    struct channel_run **own_end = &own;

    for (; run != NULL; run = run->next) {
        if (run->channel->owner_refs == app) {
            *own_end = run;
            own_end = &run->next;
            fanout->last_run = run;
        } else {
            *others_end = run;
            others_end = &run->next;
        }
    }
    *own_end = NULL;
    *others_end = own;
}

void channel_fanout_end_turn(struct channel_fanout *fanout)
{
    struct slice slice = {0};

    if (fanout->first_run != NULL) {
        if (fanout->first_run->is_begun && fanout->first_run != fanout->last_run)
            let_others_go_first(fanout);
        slice.ends_ns = uv_hrtime() + fanout->slice_ns;
        send_runs(fanout, &slice);
    }
    if (fanout->first_run != NULL)
        net_loop_come_back(fanout->loop);
    for (size_t i = 0; i < fanout->slow_count; i++)
        fanout->on_slow_reader(fanout->slow[i]);
    fanout->slow_count = 0;
}

/* --- leaving -------------------------------------------------------------------------------- */

/* Whether the subscription, of the run's channel, has yet to be sent the run. */
static bool is_waiting(const struct channel_fanout *fanout, const struct channel_run *run,
                       const struct channel_subscription *subscription)
{
    return subscription->is_active &&
           (!run->is_begun ||
            subscription->index >= receivers_of(fanout, run->channel)->sent_count) &&
           channel_run_first(run, subscription) < run->messages_count;
}

/* Sends one receiver the run before the others; from then on it receives what follows the run. */
static void send_ahead(struct channel_fanout *fanout, struct channel_run *run,
                       struct channel_subscription *subscription)
{
    struct channel_receivers *receivers = receivers_of(fanout, run->channel);
    const struct channel_receivers_entry receiver = receivers->entries[subscription->index];
    struct sent sent = {0};

    run->is_closed = true;
    channel_run_mark_skipping(run, true);
    send_to(fanout, run, receiver, channel_run_first(run, subscription), false, &sent);
    count_sent(fanout, run->channel, receiver.conn, sent);
    channel_run_mark_skipping(run, false);
    subscription->from = run->first + run->messages_count;
    if (receivers->latest_from < subscription->from)
        receivers->latest_from = subscription->from;
}

static void send_ahead_to(struct channel_fanout *fanout, struct channel_run *run,
                          const struct channel_subscriber *subscriber)
{
    struct channel_subscription *subscription =
        channel_fanout_find(fanout, subscriber->conn, run->channel);

    if (subscription != NULL && is_waiting(fanout, run, subscription))
        send_ahead(fanout, run, subscription);
}

/* A subscriber that leaves a channel is first sent what was published there before, and what was
 * published to its other channels before that. */
static void catch_up(struct channel_fanout *fanout, struct channel_subscription *leaving)
{
    uint32_t runs_left = receivers_of(fanout, leaving->channel)->runs_count;

    for (struct channel_run *run = fanout->first_run; run != NULL && runs_left > 0;
         run = run->next) {
        if (run->channel == leaving->channel) {
            if (is_waiting(fanout, run, leaving))
                send_ahead(fanout, run, leaving);
            runs_left--;
        } else if (leaving->subscriber->count > 1) {
            send_ahead_to(fanout, run, leaving->subscriber);
        }
    }
}

void channel_fanout_catch_up(struct channel_fanout *fanout,
                             const struct channel_subscriber *subscriber)
{
    LIST_EACH(link, following, &subscriber->subscriptions) {
        struct channel_subscription *subscription =
            LIST_OWNER(link, struct channel_subscription, link);

        if (subscription->is_active && channel_fanout_has_news(fanout, subscription))
            catch_up(fanout, subscription);
    }
}

/* Removes what it skips of queued runs. */
static void forget(struct channel_fanout *fanout, struct channel_subscription *leaving)
{
    for (struct channel_run *run = fanout->first_run; leaving->skips > 0; run = run->next)
        if (run->channel == leaving->channel)
            channel_run_forget(run, leaving);
}

static void deactivate(struct channel_fanout *fanout, struct channel_subscription *subscription)
{
    if (ws_conn_is_open(subscription->subscriber->conn) &&
        channel_fanout_has_news(fanout, subscription))
        catch_up(fanout, subscription);
    forget(fanout, subscription);
    channel_shared_note_one_less(subscription, fanout->worker);
    channel_receivers_deactivate(receivers_of(fanout, subscription->channel), subscription);
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
    release(fanout, channel);
    free(subscription);
    *is_last = channel_registry_leave(channel, fanout->worker, is_last_of_worker);
    return channel;
}

bool channel_fanout_is_full(struct channel_fanout *fanout)
{
    return net_mailbox_is_full(&fanout->loop->mailbox) ||
           atomic_load_explicit(&fanout->queued_bytes, memory_order_relaxed) >=
               NET_MAILBOX_BYTES_MAX;
}

/* --- joining -------------------------------------------------------------------------------- */

static void send_or_note(struct channel_fanout *fanout, const struct channel *channel,
                         struct ws_conn *conn, struct ws_message *message)
{
    if (message == NULL)
        return;
    count_sent(fanout, channel, conn, (struct sent){1, ws_message_text(message).len});
    if (fanout->on_sent != NULL)
        fanout->on_sent(conn, message);
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

/* --- life ----------------------------------------------------------------------------------- */

void channel_fanout_init(struct channel_fanout *fanout)
{
    net_watermark_init(&fanout->watermark, WAITING_BYTES_HIGH, WAITING_BYTES_STEP);
    atomic_init(&fanout->queued_bytes, 0);
    fanout->slice_ns = SLICE_NS;
    fanout->sends_a_look = SENDS_A_LOOK;
    fanout->first_run = NULL;
    fanout->last_run = NULL;
    fanout->slow = NULL;
    fanout->slow_count = 0;
    fanout->slow_cap = 0;
}

void channel_fanout_deinit(struct channel_fanout *fanout)
{
    struct slice all = {.ends_ns = UINT64_MAX};

    send_runs(fanout, &all);
    free(fanout->slow);
    fanout->slow = NULL;
}
