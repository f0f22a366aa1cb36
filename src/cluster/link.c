#include "cluster/link.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "cluster/scripts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BEAT_MS 1000
/* How long the others are waited for after Redis has lost everything: longer than they wait to try.
 */
#define PEERS_WAIT_MS 8000
/* And at least, as one may have come whom this node has not heard of. */
#define SETTLE_MIN_MS 3000
/* So many channels are verified with a heartbeat, or more if it took longer than VERIFY_S to come
 * round: what is not renewed in a day expires. */
#define VERIFIED_AT_ONCE 100
#define VERIFY_S 3600
#define RENEW_EACH 10
/* Redis is told that so much of the inbox has been read. */
#define BYTES_READ_MAX 1048576
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 2000

/* A batch on its way. */
struct cluster_link_sent {
    uint64_t number; /* of the last event in it */
    void (*on_applied)(struct cluster_link *link, const redisReply *answer); /* may be NULL */
    bool changes_state; /* else it may be refused without harm */
    struct list waiters;
};

/* Who wants to know when a batch has been applied. */
struct waiter {
    struct list link;
    cluster_link_acked_fn on_acked;
    void *data;
};

static void lose(struct cluster_link *link, const char *reason, const char *said);
static void await_memory(struct cluster_link *link, const char *error);
static void flush_batch(struct cluster_link *link,
                        void (*on_applied)(struct cluster_link *link, const redisReply *answer));

static uint64_t now_of(const struct cluster_link *link)
{
    return net_loop_now_ms(link->shared->loop);
}

/* Whether Redis is told what happens as it happens. */
static bool talks(const struct cluster_link *link)
{
    return link->phase >= CLUSTER_LINK_REPORTING && link->phase <= CLUSTER_LINK_UP;
}

/* --- gathering ------------------------------------------------------------------------------ */

/* Where the next operation goes. */
static struct cluster_batch *batch_of(struct cluster_link *link)
{
    if (cluster_batch_is_long(&link->batch))
        flush_batch(link, NULL);
    return &link->batch;
}

/* The count that Redis does not know yet comes before what depends on it. A newcomer's flags have
 * it told when it is ready; who leaves has it told at once. */
static void report_subscriptions(struct cluster_link *link, struct cluster_state_channel *channel)
{
    const unsigned shown =
        channel->needs_state ? CLUSTER_KEY_IS_PRESENCE | CLUSTER_KEY_IS_CACHE : 0;

    if (list_is_empty(&channel->dirty))
        return;
    if (channel->needs_state)
        channel->chain = ++link->chain;
    cluster_batch_subscriptions(
        batch_of(link), cluster_state_key(channel), channel->subscriptions_count,
        channel->flags & (shown | CLUSTER_KEY_NOTIFIES_COUNT), channel->chain);
    cluster_state_clean(&link->state, channel);
}

static void report_connections(struct cluster_link *link, struct cluster_state_app *app)
{
    if (app->unreported != 0)
        cluster_batch_connections(batch_of(link), (struct bytes){app->id, app->id_len},
                                  app->unreported);
    app->unreported = 0;
}

/* --- sending -------------------------------------------------------------------------------- */

static void update_outbox_count(struct cluster_link *link)
{
    atomic_store_explicit(&link->outbox_count, link->outbox.count, memory_order_relaxed);
}

/* What the script answers if it has applied nothing. */
static void lose_for_answer(struct cluster_link *link, struct bytes answer, struct bytes what)
{
    char reason[512];

    if (bytes_equal(answer, BYTES("LOST"))) {
        snprintf(reason, sizeof reason,
                 "it has lost a part of what it was told (%.*s), so that all nodes tell it anew; "
                 "if it evicts keys, its maxmemory-policy must be noeviction",
                 BYTES_ARGS(what));
        lose(link, reason, "LOST");
    } else if (bytes_equal(answer, BYTES("LAYOUT"))) {
        snprintf(reason, sizeof reason,
                 "nodes of another version are there, whose layout of keys is number %.*s: they "
                 "and this one do not understand each other; it joins when they have ended",
                 BYTES_ARGS(what));
        lose(link, reason, "LAYOUT");
    } else {
        atomic_fetch_add(&link->shared->gaps, 1);
        lose(link, "it does not know this node any more, so that events of others may be missing",
             NULL);
    }
}

/* Whether Redis has applied it; else the link is lost, or was before. */
static bool is_applied(struct cluster_link *link, const redisReply *reply)
{
    struct bytes answer = BYTES("");
    char reason[512];

    if (reply == NULL)
        return false;
    if (reply->type == REDIS_REPLY_ERROR) {
        cluster_locate_refer(&link->locate, &link->address, cluster_redis_text(reply));
        snprintf(reason, sizeof reason, "it answers: %.*s", BYTES_ARGS(cluster_redis_text(reply)));
        lose(link, reason, reply->str);
        return false;
    }
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0)
        answer = cluster_redis_text(reply->element[0]);
    if (bytes_equal(answer, BYTES("OK")))
        return true;
    lose_for_answer(link, answer,
                    reply->elements > 1 ? cluster_redis_text(reply->element[1]) : BYTES("?"));
    return false;
}

/* Redis has no memory for events, and has applied nothing of the batch. What it knows stays true:
 * the node goes on by itself, and stays in step. */
static bool is_out_of_memory(struct cluster_link *link, const struct cluster_link_sent *sent,
                             const redisReply *reply)
{
    return reply != NULL && reply->type == REDIS_REPLY_ERROR && !sent->changes_state &&
           link->phase >= CLUSTER_LINK_AWAITING_MEMORY && link->phase <= CLUSTER_LINK_UP &&
           bytes_starts_with(cluster_redis_text(reply), BYTES("OOM "));
}

/* Whether that part of what a batch answers is `text`. */
static bool is_answer(const redisReply *reply, size_t index, const char *text)
{
    return index < reply->elements &&
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

static void on_reply(const redisReply *reply, void *data, void *user)
{
    struct cluster_link_sent *sent = data;
    struct cluster_link *link = user;
    const size_t before = link->outbox.count;
    bool is_acked;

    if (link->last_sent == sent)
        link->last_sent = NULL;
    if (is_out_of_memory(link, sent, reply)) {
        await_memory(link, reply->str);
        is_acked = false;
    } else {
        is_acked = is_applied(link, reply);
    }
    if (is_acked) {
        cluster_outbox_acked(&link->outbox, sent->number);
        atomic_fetch_add(&link->shared->events_sent, before - link->outbox.count);
        update_outbox_count(link);
    }
    report_waiters(&sent->waiters, is_acked);
    if (is_acked && sent->on_applied != NULL)
        sent->on_applied(link, reply);
    free(sent);
}

static void flush_batch(struct cluster_link *link,
                        void (*on_applied)(struct cluster_link *link, const redisReply *answer))
{
    struct cluster_link_sent *sent;

    if (cluster_batch_is_empty(&link->batch))
        return;
    sent = mem_new(sizeof *sent);
    sent->number = link->batch.number;
    sent->on_applied = on_applied;
    sent->changes_state = link->batch.changes_state;
    list_init(&sent->waiters);
    link->last_sent = sent;
    cluster_redis_send(link->commands, &link->batch.command, on_reply, sent);
    cluster_batch_sent(&link->batch);
}

bool cluster_link_wait(struct cluster_link *link, cluster_link_acked_fn on_acked, void *data)
{
    struct waiter *waiter;

    if (link->phase != CLUSTER_LINK_UP)
        return false;
    cluster_link_flush(link);
    if (link->last_sent == NULL)
        return false;
    waiter = mem_new(sizeof *waiter);
    waiter->on_acked = on_acked;
    waiter->data = data;
    list_append(&link->last_sent->waiters, &waiter->link);
    return true;
}

void cluster_link_flush(struct cluster_link *link)
{
    if (!talks(link))
        return;
    LIST_EACH(at, following, &link->state.dirty) {
        report_subscriptions(link, LIST_OWNER(at, struct cluster_state_channel, dirty));
    }
    LIST_EACH(at, following, &link->state.apps) {
        report_connections(link, LIST_OWNER(at, struct cluster_state_app, link));
    }
    flush_batch(link, NULL);
}

/* --- losing it ------------------------------------------------------------------------------ */

static void deliver(struct cluster_link *link, struct cluster_outbox_event *event)
{
    const struct cluster_link_shared *shared = link->shared;
    struct cluster_key key;

    if (event->is_delivered)
        return;
    if (cluster_key_read(cluster_outbox_key(event), &key))
        shared->events->on_event(key, event->except, net_chunk_bytes(event->frame), event->ttl_ms,
                                 shared->user);
    cluster_outbox_deliver(&link->outbox, event);
}

/* What this node's subscribers were to hear by way of Redis they hear now. */
static void deliver_all(struct cluster_link *link)
{
    LIST_EACH(at, following, &link->outbox.events) {
        deliver(link, LIST_OWNER(at, struct cluster_outbox_event, link));
    }
    update_outbox_count(link);
}

/* Remembers the code of what Redis says; false if it is the one that was said before. */
static bool is_news(struct cluster_link_shared *shared, const char *said)
{
    const size_t len = said ? strcspn(said, " ") : 0;

    if (len == 0 || (strncmp(shared->said, said, len) == 0 && shared->said[len] == '\0'))
        return false;
    snprintf(shared->said, sizeof shared->said, "%.*s", (int)len, said);
    return true;
}

/* Said once for all links, and again if Redis itself gives another reason. */
static void log_away(struct cluster_link *link, const char *reason, const char *said)
{
    struct cluster_link_shared *shared = link->shared;
    const bool is_first = !link->is_away && shared->away_count++ == 0;
    struct buffer server = {0};

    link->is_away = true;
    cluster_reason_set(&shared->reason, reason);
    if (link->address.host[0] != '\0') {
        buffer_append_char(&server, ' ');
        cluster_locate_describe(&link->address, &server);
    }
    if (is_first) {
        shared->said[0] = '\0';
        shared->away_ms = now_of(link);
        shared->said_ms = shared->away_ms;
        shared->dropped_before = atomic_load(&shared->events_dropped);
    }
    if (is_news(shared, said) && !is_first)
        log_error("Redis%s is still away: %s", buffer_text(&server), reason);
    if (is_first)
        log_error("Redis%s is away: %s; clients stay, this node goes on by itself and tries again",
                  buffer_text(&server), reason);
    buffer_deinit(&server);
}

/* The longer it is away the rarer; never all nodes at once. */
static uint64_t retry_delay_ms(struct cluster_link *link)
{
    uint64_t longest = (uint64_t)RETRY_MIN_MS << (link->attempts < 6 ? link->attempts : 6);

    if (link->locate.is_referred && link->attempts < 3)
        longest = RETRY_MIN_MS / 10;
    link->attempts++;
    if (longest > RETRY_MAX_MS)
        longest = RETRY_MAX_MS;
    return longest / 4 + random_between_1_and((uint32_t)longest);
}

void cluster_link_close(struct cluster_link *link)
{
    struct cluster_redis *commands = link->commands;

    link->commands = NULL;
    cluster_locate_cancel(&link->locate);
    cluster_redis_close(commands);
    cluster_inbox_reader_close(&link->reader);
    cluster_inbox_drop_snapshots(&link->inbox);
    cluster_peers_restart(&link->peers);
    cluster_batch_clear(&link->batch);
    link->is_reaping = false;
}

/* Nobody who waits for Redis waits any longer. */
static void go_down(struct cluster_link *link, bool was_up)
{
    deliver_all(link);
    if (!was_up)
        return;
    atomic_fetch_add(&link->shared->links_lost, 1);
    link->shared->events->on_down(link->shared->user);
}

static void await_memory(struct cluster_link *link, const char *error)
{
    char reason[512];

    snprintf(reason, sizeof reason, "it answers: %s", error);
    log_away(link, reason, error);
    link->phase = CLUSTER_LINK_AWAITING_MEMORY;
    go_down(link, atomic_exchange(&link->is_up, false));
}

static void lose(struct cluster_link *link, const char *reason, const char *said)
{
    const bool was_up = atomic_exchange(&link->is_up, false);

    if (link->phase == CLUSTER_LINK_AWAY)
        return;
    if (link->phase >= CLUSTER_LINK_ENDING) {
        link->phase = CLUSTER_LINK_ENDED;
        cluster_link_close(link);
        return;
    }
    /* A referral is no failure. */
    if (!link->locate.is_referred || link->attempts >= 3)
        log_away(link, reason, said);
    link->phase = CLUSTER_LINK_AWAY;
    link->retry_ms = now_of(link) + retry_delay_ms(link);
    cluster_link_close(link);
    go_down(link, was_up);
}

static void on_lost(const char *reason, const char *said, void *user)
{
    lose(user, reason, said);
}

/* --- being in step -------------------------------------------------------------------------- */

/* It may refer us to another server. */
static void on_refused(const redisReply *error, void *user)
{
    is_applied(user, error);
}

static void on_read(void *user)
{
    struct cluster_link *link = user;

    atomic_store_explicit(&link->events_received, link->inbox.received_count, memory_order_relaxed);
    update_outbox_count(link);
    if (link->reader.bytes_read > BYTES_READ_MAX && talks(link)) {
        cluster_batch_bytes_read(batch_of(link), link->reader.bytes_read);
        link->reader.bytes_read = 0;
    }
}

static void log_back(struct cluster_link *link)
{
    struct cluster_link_shared *shared = link->shared;
    uint64_t dropped;

    if (!link->was_up && ++shared->joined_count == shared->links_count)
        log_info("this node, %s, is one of a cluster over Redis", shared->process);
    link->was_up = true;
    if (!link->is_away)
        return;
    link->is_away = false;
    if (--shared->away_count > 0)
        return;
    cluster_reason_set(&shared->reason, "");
    log_info("Redis is back after %" PRIu64 " s", (now_of(link) - shared->away_ms + 500) / 1000);
    dropped = atomic_load(&shared->events_dropped) - shared->dropped_before;
    if (dropped > 0)
        log_warn("%" PRIu64
                 " events of that time were dropped for the other nodes: no more than %u "
                 "bytes are kept (REVERB_SCALING_MAX_KEPT)",
                 dropped, shared->settings->max_kept_bytes);
}

static bool has_state(const struct cluster_state_channel *channel)
{
    return (channel->flags & (CLUSTER_KEY_IS_PRESENCE | CLUSTER_KEY_IS_CACHE)) != 0;
}

/* Has itself shown the members and last events of its channels. */
static void ask_for_state(struct cluster_link *link)
{
    for (struct map_entry *at = map_any(&link->state.channels, NULL); at != NULL;
         at = map_any(&link->state.channels, at)) {
        struct cluster_state_channel *channel = LIST_OWNER(at, struct cluster_state_channel, entry);

        if (!has_state(channel) || channel->subscriptions_count == 0)
            continue;
        channel->chain = ++link->chain;
        cluster_batch_show(batch_of(link), cluster_state_key(channel), channel->flags,
                           channel->chain, BYTES("0"));
    }
}

/* The next page of what it has itself shown. */
static void on_page(struct bytes key, struct bytes cursor, void *user)
{
    struct cluster_link *link = user;
    const struct cluster_state_channel *channel = cluster_state_find(&link->state, key);

    if (talks(link))
        cluster_batch_show(batch_of(link), key, CLUSTER_KEY_IS_PRESENCE, channel->chain, cursor);
}

static void go_up(struct cluster_link *link)
{
    log_back(link);
    link->attempts = 0;
    link->phase = CLUSTER_LINK_UP;
    LIST_EACH(at, following, &link->outbox.events) {
        struct cluster_outbox_event *event = LIST_OWNER(at, struct cluster_outbox_event, link);

        if (!event->is_acked)
            cluster_batch_event(batch_of(link), event);
    }
    flush_batch(link, NULL);
    atomic_store(&link->is_up, true);
}

static void on_probed(struct cluster_link *link, const redisReply *reply)
{
    (void)reply;
    if (link->phase == CLUSTER_LINK_AWAITING_MEMORY)
        go_up(link);
}

/* Up, if there is memory for events. */
static void probe_memory(struct cluster_link *link)
{
    link->phase = CLUSTER_LINK_AWAITING_MEMORY;
    flush_batch(link, NULL);
    cluster_batch_probe_memory(&link->batch);
    flush_batch(link, on_probed);
}

static bool are_peers_back(const struct cluster_link *link)
{
    const uint64_t now_ms = now_of(link);

    return now_ms >= link->peers_deadline_ms ||
           (now_ms >= link->joined_ms + SETTLE_MIN_MS && cluster_peers_are_back(&link->peers));
}

static void end_peers_wait(struct cluster_link *link)
{
    link->inbox.is_partial = false;
    ask_for_state(link);
    probe_memory(link);
}

static void reap(struct cluster_link *link);

static void on_reaped(struct cluster_link *link, const redisReply *reply)
{
    link->is_reaping = false;
    if (is_answer(reply, 1, "1"))
        reap(link);
}

/* One step, and the next when it is done. */
static void reap(struct cluster_link *link)
{
    if (link->is_reaping || link->phase < CLUSTER_LINK_AWAITING_MEMORY)
        return;
    link->is_reaping = true;
    flush_batch(link, NULL);
    cluster_batch_reap(&link->batch);
    flush_batch(link, on_reaped);
}

static void note_peers(struct cluster_link *link, const redisReply *reply)
{
    cluster_peers_begin(&link->peers);
    for (size_t i = 2; i + 2 < reply->elements; i += 3)
        cluster_peers_note(&link->peers, cluster_redis_text(reply->element[i]),
                           cluster_redis_text(reply->element[i + 1]), is_answer(reply, i + 2, "1"));
    cluster_peers_end(&link->peers);
    link->batch.nodes_count = link->peers.synced_count;
}

static void give_up_silent(struct cluster_link *link)
{
    for (const struct cluster_peers_peer *peer = cluster_peers_next_silent(&link->peers, NULL);
         peer != NULL; peer = cluster_peers_next_silent(&link->peers, peer))
        cluster_batch_give_up(batch_of(link), peer->node, peer->heartbeats);
}

/* ["OK", how many are dying, node, its heartbeats, whether it is in step, …] */
static void on_heartbeat(struct cluster_link *link, const redisReply *reply)
{
    note_peers(link, reply);
    if (link->phase == CLUSTER_LINK_AWAITING_PEERS && are_peers_back(link))
        end_peers_wait(link);
    else if (link->phase == CLUSTER_LINK_AWAITING_MEMORY)
        probe_memory(link);
    if (link->phase < CLUSTER_LINK_AWAITING_MEMORY || link->phase > CLUSTER_LINK_UP)
        return;
    cluster_peers_remember(&link->peers);
    atomic_store(&link->nodes_count, link->peers.synced_count);
    give_up_silent(link);
    if (!is_answer(reply, 1, "0"))
        reap(link);
}

static void verify(struct cluster_link *link, const struct cluster_state_channel *channel)
{
    const struct map_entry *member = map_any(&channel->members, NULL);

    if (channel->subscriptions_count > 0)
        cluster_batch_verify(
            batch_of(link), cluster_state_key(channel), channel->subscriptions_count,
            member ? cluster_state_user_id(LIST_OWNER(member, struct cluster_state_member, entry))
                   : BYTES(""));
}

/* Some of the channels, and the next ones another time. */
static void verify_some(struct cluster_link *link)
{
    const struct cluster_state *state = &link->state;
    size_t left = state->channels.count / VERIFY_S + VERIFIED_AT_ONCE;

    for (size_t i = 0; i < state->channels.buckets_count && left > 0; i++) {
        if (link->verify_bucket >= state->channels.buckets_count)
            link->verify_bucket = 0;
        for (const struct cluster_state_channel *channel =
                 cluster_state_next_of_bucket(state, link->verify_bucket, NULL);
             channel != NULL;
             channel = cluster_state_next_of_bucket(state, link->verify_bucket, channel)) {
            verify(link, channel);
            left -= left > 0;
        }
        link->verify_bucket++;
    }
}

static void heartbeat(struct cluster_link *link, uint64_t now_ms)
{
    link->heartbeat_ms = now_ms + BEAT_MS;
    cluster_link_flush(link);
    if (link->phase == CLUSTER_LINK_UP)
        verify_some(link);
    flush_batch(link, NULL);
    if (link->reader.bytes_read > 0)
        cluster_batch_bytes_read(&link->batch, link->reader.bytes_read);
    link->reader.bytes_read = 0;
    if (link->renew_count-- == 0) {
        cluster_batch_renew(&link->batch);
        link->renew_count = RENEW_EACH;
    }
    cluster_batch_heartbeat(&link->batch, link->state.occupied_count);
    flush_batch(link, on_heartbeat);
}

/* --- telling what this node has ------------------------------------------------------------- */

static void report_channel(struct cluster_link *link, struct cluster_state_channel *channel)
{
    cluster_batch_subscriptions(batch_of(link), cluster_state_key(channel),
                                channel->subscriptions_count, 0, channel->chain);
    for (struct map_entry *at = map_any(&channel->members, NULL); at != NULL;
         at = map_any(&channel->members, at)) {
        const struct cluster_state_member *member =
            LIST_OWNER(at, struct cluster_state_member, entry);

        cluster_batch_join(batch_of(link), cluster_state_key(channel),
                           cluster_state_user_id(member), cluster_state_user_info(member));
    }
}

static void report_everything(struct cluster_link *link)
{
    struct map_entry *next;

    LIST_EACH(at, following, &link->state.dirty) {
        cluster_state_clean(&link->state, LIST_OWNER(at, struct cluster_state_channel, dirty));
    }
    for (struct map_entry *at = map_any(&link->state.channels, NULL); at != NULL; at = next) {
        next = map_any(&link->state.channels, at);
        report_channel(link, LIST_OWNER(at, struct cluster_state_channel, entry));
    }
    LIST_EACH(at, following, &link->state.apps) {
        struct cluster_state_app *app = LIST_OWNER(at, struct cluster_state_app, link);

        app->unreported = app->connections_count;
        report_connections(link, app);
    }
    flush_batch(link, NULL);
}

static void on_told(struct cluster_link *link, const redisReply *reply)
{
    (void)reply;
    if (link->inbox.is_partial) {
        link->phase = CLUSTER_LINK_AWAITING_PEERS;
        link->peers_deadline_ms = now_of(link) + PEERS_WAIT_MS;
    } else {
        probe_memory(link);
    }
    heartbeat(link, now_of(link));
}

static void remove_previous(struct cluster_link *link);

static void on_previous_removed(struct cluster_link *link, const redisReply *reply)
{
    if (is_answer(reply, 1, "1")) {
        remove_previous(link);
        return;
    }
    cluster_batch_all_is_said(batch_of(link));
    ask_for_state(link);
    flush_batch(link, on_told);
}

static void remove_previous(struct cluster_link *link)
{
    flush_batch(link, NULL);
    cluster_batch_remove_previous(&link->batch);
    flush_batch(link, on_previous_removed);
}

/* --- hello ---------------------------------------------------------------------------------- */

/* ["OK", epoch, whether the inbox was there] */
static void on_hello(struct cluster_link *link, const redisReply *reply)
{
    bool has_inbox;

    if (reply->elements < 3 || !cluster_redis_is_text(reply->element[1]) ||
        !cluster_redis_is_text(reply->element[2])) {
        lose(link, "its answer to a hello is not understood", NULL);
        return;
    }
    has_inbox = strcmp(reply->element[2]->str, "1") == 0;
    if (!has_inbox) {
        if (link->was_up)
            atomic_fetch_add(&link->shared->gaps, 1);
        cluster_inbox_reader_rewind(&link->reader);
        link->reader.bytes_read = 0;
    }
    link->inbox.is_partial =
        link->epoch[0] != '\0' && strcmp(link->epoch, reply->element[1]->str) != 0;
    snprintf(link->epoch, sizeof link->epoch, "%.*s", (int)reply->element[1]->len,
             reply->element[1]->str);
    link->phase = CLUSTER_LINK_REPORTING;
    link->joined_ms = now_of(link);
    link->heartbeat_ms = link->joined_ms + BEAT_MS;
    cluster_inbox_reader_resume(&link->reader);
    report_everything(link);
    remove_previous(link);
}

/* The inbox can be read from now on. */
static void say_hello(void *user)
{
    struct cluster_link *link = user;
    unsigned char random[(CLUSTER_LINK_EPOCH_LEN_MAX - 1) / 2];
    char epoch[CLUSTER_LINK_EPOCH_LEN_MAX];

    random_bytes(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(epoch + 2 * i, 3, "%02x", random[i]);
    snprintf(link->node, sizeof link->node, "%s.%u", link->shared->process, ++link->incarnation);
    link->inbox.incarnation = link->incarnation;
    cluster_batch_hello(&link->batch, epoch);
    flush_batch(link, on_hello);
}

static struct cluster_redis_login login_of(const struct cluster_link *link)
{
    const struct config_scaling *settings = link->shared->settings;

    return (struct cluster_redis_login){
        .username = settings->username,
        .password = settings->password,
        .database = settings->database,
    };
}

static bool take_sha(struct cluster_link *link, const redisReply *reply, char **sha)
{
    if (reply == NULL)
        return false;
    if (!cluster_redis_is_text(reply)) {
        is_applied(link, reply);
        return false;
    }
    free(*sha);
    *sha = bytes_copy(cluster_redis_text(reply));
    link->batch.sha = link->apply_sha;
    return true;
}

static void on_apply_loaded(const redisReply *reply, void *data, void *user)
{
    struct cluster_link *link = user;

    (void)data;
    take_sha(link, reply, &link->apply_sha);
}

static void on_ask_loaded(const redisReply *reply, void *data, void *user)
{
    struct cluster_link *link = user;
    const struct cluster_redis_login login = login_of(link);

    (void)data;
    if (take_sha(link, reply, &link->query_sha))
        cluster_inbox_reader_open(&link->reader, link->shared->loop, &link->address, &login,
                                  link->shared->tls);
}

/* A node of Redis Cluster that does not have the partition refers us to the one that has. */
static void on_looked(const redisReply *reply, void *data, void *user)
{
    struct cluster_link *link = user;

    (void)data;
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR)
        is_applied(link, reply);
}

/* A Redis that takes away what nobody has asked for lately takes quiet channels away. */
static void on_memory(const redisReply *reply, void *data, void *user)
{
    struct cluster_link *link = user;
    struct cluster_link_shared *shared = link->shared;
    char warning[CLUSTER_REASON_LEN_MAX];
    char before[CLUSTER_REASON_LEN_MAX];
    struct bytes policy;

    (void)data;
    if (reply == NULL || reply->type != REDIS_REPLY_STRING)
        return;
    policy = cluster_redis_info(reply, "maxmemory_policy");
    warning[0] = '\0';
    if (policy.len > 0 && !bytes_equal(policy, BYTES("noeviction")))
        snprintf(warning, sizeof warning,
                 "Redis evicts keys when its memory is full (maxmemory-policy %.*s), and with them "
                 "what the nodes have told it: it must be noeviction",
                 BYTES_ARGS(policy));
    cluster_reason_read(&shared->warning, before);
    if (strcmp(warning, before) == 0)
        return;
    cluster_reason_set(&shared->warning, warning);
    if (warning[0] != '\0')
        log_error("%s", warning);
}

static void on_commands_ready(void *user)
{
    struct cluster_link *link = user;
    struct buffer nodes = {0};

    buffer_printf(&nodes, "%s:nodes", link->prefix);
    cluster_redis_command(link->commands, on_looked, "EXISTS", buffer_text(&nodes), NULL);
    cluster_redis_command(link->commands, on_memory, "INFO", "memory", NULL);
    cluster_redis_command(link->commands, on_apply_loaded, "SCRIPT", "LOAD", cluster_scripts_apply,
                          NULL);
    cluster_redis_command(link->commands, on_ask_loaded, "SCRIPT", "LOAD", cluster_scripts_query,
                          NULL);
    buffer_deinit(&nodes);
}

static const struct cluster_redis_events commands_events = {
    .on_ready = on_commands_ready,
    .on_lost = on_lost,
};

static void on_found(const struct cluster_redis_address *address, void *user)
{
    struct cluster_link *link = user;
    const struct cluster_redis_login login = login_of(link);

    link->address = *address;
    link->commands = cluster_redis_open(link->shared->loop, address, &login, link->shared->tls,
                                        &commands_events, link);
}

/* --- what happens on this node -------------------------------------------------------------- */

void cluster_link_subscriptions(struct cluster_link *link, struct bytes key, int change,
                                unsigned flags)
{
    struct cluster_state_channel *channel =
        cluster_state_subscribe(&link->state, key, change,
                                change > 0 ? flags & ~(unsigned)CLUSTER_KEY_NOTIFIES_COUNT : flags);

    if (!talks(link))
        cluster_state_clean(&link->state, channel);
}

/* Members come and go while the channel has subscriptions that Redis knows. */
static void report_subscriptions_of(struct cluster_link *link, struct bytes key)
{
    struct cluster_state_channel *channel = cluster_state_find(&link->state, key);

    if (channel != NULL)
        report_subscriptions(link, channel);
}

void cluster_link_join(struct cluster_link *link, struct bytes key, struct bytes user_id,
                       struct bytes user_info)
{
    cluster_state_join(&link->state, key, user_id, user_info);
    if (!talks(link))
        return;
    report_subscriptions_of(link, key);
    cluster_batch_join(batch_of(link), key, user_id, user_info);
}

void cluster_link_leave(struct cluster_link *link, struct bytes key, struct bytes user_id)
{
    cluster_state_leave(&link->state, key, user_id);
    if (talks(link))
        cluster_batch_leave(batch_of(link), key, user_id);
}

void cluster_link_await(struct cluster_link *link, struct bytes key, struct cluster_waiter waiter,
                        unsigned flags)
{
    if (link->phase != CLUSTER_LINK_UP)
        return;
    report_subscriptions_of(link, key);
    cluster_batch_await(batch_of(link), key, waiter, flags & CLUSTER_KEY_NOTIFIES_COUNT);
}

void cluster_link_publish(struct cluster_link *link, struct bytes key, uint64_t except,
                          struct net_chunk *frame, uint64_t ttl_ms, bool is_delivered)
{
    struct cluster_state_channel *channel = cluster_state_find(&link->state, key);
    const bool has_subscribers = channel != NULL && channel->subscriptions_count > 0;
    struct cluster_outbox_event *event = cluster_outbox_add(
        &link->outbox, key, except, frame, ttl_ms, is_delivered || !has_subscribers);
    struct cluster_outbox_event *surplus;

    if (link->phase == CLUSTER_LINK_UP) {
        if (channel != NULL)
            report_subscriptions(link, channel);
        cluster_batch_event(batch_of(link), event);
    } else {
        deliver(link, event);
    }
    while ((surplus = cluster_outbox_surplus(&link->outbox)) != NULL) {
        deliver(link, surplus);
        cluster_outbox_drop(&link->outbox, surplus);
        atomic_fetch_add(&link->shared->events_dropped, 1);
    }
    update_outbox_count(link);
}

void cluster_link_terminate(struct cluster_link *link, struct bytes app_id, struct bytes user_id)
{
    if (link->phase == CLUSTER_LINK_UP)
        cluster_batch_terminate(batch_of(link), app_id, user_id);
    else
        link->shared->events->on_terminate(app_id, user_id, link->shared->user);
}

void cluster_link_connections(struct cluster_link *link, struct bytes app_id, int change)
{
    struct cluster_state_app *app = cluster_state_app(&link->state, app_id);

    app->connections_count += change;
    app->unreported += change;
}

void cluster_link_admit(struct cluster_link *link, struct bytes app_id, uint32_t max,
                        uint64_t socket_id)
{
    struct cluster_state_app *app = cluster_state_app(&link->state, app_id);

    if (link->phase != CLUSTER_LINK_UP)
        return;
    report_connections(link, app);
    cluster_batch_admit(batch_of(link), app_id, max,
                        (struct cluster_waiter){socket_id, link->incarnation});
}

void cluster_link_lookup_online(struct cluster_link *link, struct bytes user_key,
                                struct cluster_waiter waiter)
{
    if (link->phase == CLUSTER_LINK_UP)
        cluster_batch_lookup_online(batch_of(link), user_key, waiter);
}

bool cluster_link_query(struct cluster_link *link, struct cluster_resp *arguments,
                        cluster_redis_reply_fn on_answer, void *data)
{
    struct cluster_resp command = {0};

    if (link->phase != CLUSTER_LINK_UP)
        return false;
    cluster_link_flush(link);
    cluster_resp_add_text(&command, "EVALSHA");
    cluster_resp_add_text(&command, link->query_sha);
    cluster_resp_add_text(&command, "1");
    cluster_resp_add_text(&command, link->prefix);
    buffer_append_bytes(&command.arguments, buffer_bytes(&arguments->arguments));
    command.count += arguments->count;
    cluster_redis_send(link->commands, &command, on_answer, data);
    cluster_resp_deinit(&command);
    return true;
}

/* --- time passes ---------------------------------------------------------------------------- */

static bool is_silent(const struct cluster_redis *redis, uint64_t now_ms)
{
    return redis != NULL && cluster_redis_waits_ms(redis, now_ms) > CLUSTER_REDIS_SILENT_MS;
}

/* It is away for long: said again, each time that it has been. */
static void remind(struct cluster_link *link, uint64_t now_ms)
{
    struct cluster_link_shared *shared = link->shared;
    const uint64_t timeout_ms = shared->settings->timeout_s * UINT64_C(1000);

    if (!link->is_away || timeout_ms == 0 || now_ms - shared->said_ms < timeout_ms)
        return;
    shared->said_ms = now_ms;
    log_error("Redis is away for %" PRIu64 " s now", (now_ms - shared->away_ms) / 1000);
}

void cluster_link_rejoin(struct cluster_link *link)
{
    lose(link, "this node was stalled", "stalled");
}

void cluster_link_tick(struct cluster_link *link, uint64_t now_ms)
{
    remind(link, now_ms);
    if (link->phase == CLUSTER_LINK_AWAY && now_ms >= link->retry_ms) {
        link->phase = CLUSTER_LINK_CONNECTING;
        cluster_locate_begin(&link->locate);
    } else if (is_silent(link->commands, now_ms) ||
               cluster_inbox_reader_is_silent(&link->reader, now_ms)) {
        lose(link, "it does not answer", NULL);
    } else if (talks(link) && now_ms >= link->heartbeat_ms) {
        heartbeat(link, now_ms);
    }
    if (link->reader.is_paused)
        cluster_inbox_reader_resume(&link->reader);
}

/* --- life ----------------------------------------------------------------------------------- */

static void on_left_cluster(struct cluster_link *link, const redisReply *reply)
{
    if (!is_answer(reply, 1, "1")) {
        link->phase = CLUSTER_LINK_ENDED;
        return;
    }
    cluster_batch_leave_cluster(&link->batch);
    flush_batch(link, on_left_cluster);
}

void cluster_link_end(struct cluster_link *link)
{
    cluster_link_flush(link);
    atomic_store(&link->is_up, false);
    if (!talks(link)) {
        link->phase = CLUSTER_LINK_ENDED;
        cluster_link_close(link);
        return;
    }
    flush_batch(link, NULL);
    cluster_batch_leave_cluster(&link->batch);
    flush_batch(link, on_left_cluster);
    link->phase = CLUSTER_LINK_ENDING;
}

static void open_reading(struct cluster_link *link)
{
    struct buffer key = {0};

    buffer_printf(&key, "%s:" CLUSTER_SCRIPTS_LAYOUT ":i:%s", link->prefix, link->shared->process);
    buffer_text(&key);
    link->reader = (struct cluster_inbox_reader){
        .inbox = &link->inbox,
        .key = key.data,
        .is_congested = link->shared->events->is_congested,
        .congested_user = link->shared->user,
        .on_ready = say_hello,
        .on_refused = on_refused,
        .on_lost = on_lost,
        .on_read = on_read,
        .user = link,
    };
}

void cluster_link_init(struct cluster_link *link, struct cluster_link_shared *shared,
                       size_t partition, size_t count)
{
    const struct config_scaling *settings = shared->settings;
    struct buffer prefix = {0};

    *link = (struct cluster_link){.shared = shared};
    buffer_printf(&prefix, "%s%s:native:{%s%zu/%zu}", settings->prefix, settings->channel,
                  settings->channel, partition, count);
    buffer_text(&prefix);
    link->prefix = prefix.data;
    link->locate = (struct cluster_locate){
        .loop = shared->loop,
        .settings = settings,
        .tls = shared->tls,
        .on_found = on_found,
        .on_failed = on_lost,
        .user = link,
        .next_host = partition,
    };
    link->batch.prefix = link->prefix;
    link->batch.node = link->node;
    link->batch.inbox_bytes_max = settings->max_inbox_bytes;
    open_reading(link);
    cluster_state_init(&link->state);
    cluster_outbox_init(&link->outbox, settings->max_kept_bytes);
    link->inbox.events = shared->events;
    link->inbox.user = shared->user;
    link->inbox.process = shared->process;
    link->inbox.outbox = &link->outbox;
    link->inbox.state = &link->state;
    link->inbox.on_page = on_page;
    link->inbox.page_user = link;
    cluster_peers_init(&link->peers);
    cluster_inbox_init(&link->inbox);
}

void cluster_link_deinit(struct cluster_link *link)
{
    cluster_link_close(link);
    cluster_peers_deinit(&link->peers);
    cluster_batch_deinit(&link->batch);
    free(link->reader.key);
    cluster_state_deinit(&link->state);
    cluster_outbox_deinit(&link->outbox);
    cluster_inbox_deinit(&link->inbox);
    free(link->prefix);
    free(link->apply_sha);
    free(link->query_sha);
}
