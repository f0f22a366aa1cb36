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
#define SETTLE_MS 8000
/* And at least, as one may have come whom this node has not heard of. */
#define SETTLE_MIN_MS 3000
/* A node that has been in step for so long may say of another that it is gone. */
#define REAPER_AGE_MS 10000
#define READ_BLOCK_MS 1000
#define READ_COUNT "500"
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 2000
/* A batch larger than this leaves before the turn ends. */
#define BATCH_BYTES_MAX 262144

/* A batch on its way. */
struct cluster_link_sent {
    uint64_t number; /* of the last event in it */
    void (*on_applied)(struct cluster_link *link, const redisReply *answer); /* may be NULL */
    struct list waiters;
};

/* Who wants to know when a batch has been applied. */
struct waiter {
    struct list link;
    cluster_link_taken_fn on_taken;
    void *data;
};

static void lose(struct cluster_link *link, const char *reason);
static void flush_batch(struct cluster_link *link,
                        void (*on_applied)(struct cluster_link *link, const redisReply *answer));

static uint64_t now_of(const struct cluster_link *link)
{
    return net_loop_now_ms(link->shared->loop);
}

/* Whether Redis is told what happens as it happens. */
static bool talks(const struct cluster_link *link)
{
    return link->phase >= CLUSTER_LINK_TELLING && link->phase <= CLUSTER_LINK_UP;
}

/* --- gathering ------------------------------------------------------------------------------ */

static void add_text(struct cluster_link *link, const char *text)
{
    cluster_request_add_text(&link->batch, text);
}

static void add(struct cluster_link *link, struct bytes argument)
{
    cluster_request_add(&link->batch, argument);
}

static void add_number(struct cluster_link *link, uint64_t number)
{
    char text[24];
    const int len = snprintf(text, sizeof text, "%" PRIu64, number);

    cluster_request_add(&link->batch, (struct bytes){text, (size_t)len});
}

/* Before an operation: the batch has its head, and is not too long. */
static void begin_operation(struct cluster_link *link, const char *letter)
{
    if (link->batch.arguments.len > BATCH_BYTES_MAX)
        flush_batch(link, NULL);
    if (link->batch.count == 0) {
        add_text(link, "EVALSHA");
        add_text(link, link->apply_sha);
        add_text(link, "1");
        add_text(link, link->prefix);
        add_text(link, link->node);
    }
    add_text(link, letter);
}

static const char *flags_text(unsigned flags)
{
    static const char *const texts[] = {"", "p", "k", "pk"};

    return texts[flags & (CLUSTER_IS_PRESENCE | CLUSTER_IS_CACHE)];
}

static void add_subscriptions(struct cluster_link *link, struct cluster_state_channel *channel,
                              const char *flags)
{
    begin_operation(link, "S");
    add(link, cluster_state_key(channel));
    add_number(link, channel->subscriptions_count);
    add_text(link, flags);
    cluster_state_clean(&link->state, channel);
}

/* The count that Redis does not know yet comes before what depends on it. */
static void tell_subscriptions(struct cluster_link *link, struct cluster_state_channel *channel)
{
    /* A newcomer's flags tell the count when it is ready; who leaves has it told at once. */
    const bool tells = (channel->flags & CLUSTER_TELLS_COUNT) != 0;
    char flags[4];

    if (list_is_empty(&channel->dirty))
        return;
    snprintf(flags, sizeof flags, "%s%s", channel->needs_state ? flags_text(channel->flags) : "",
             tells ? "t" : "");
    add_subscriptions(link, channel, flags);
}

static void tell_connections(struct cluster_link *link, struct cluster_state_app *app)
{
    char text[24];

    if (app->untold == 0)
        return;
    begin_operation(link, "X");
    add(link, (struct bytes){app->id, app->id_len});
    snprintf(text, sizeof text, "%" PRId64, app->untold);
    add_text(link, text);
    app->untold = 0;
}

static void add_member(struct cluster_link *link, struct bytes key, struct bytes user_id,
                       struct bytes user_info)
{
    begin_operation(link, "J");
    add(link, key);
    add(link, user_id);
    add(link, user_info);
}

static void add_event(struct cluster_link *link, struct cluster_kept_event *event)
{
    begin_operation(link, event->ttl_ms > 0 ? "K" : "E");
    add(link, cluster_kept_key(event));
    add_number(link, event->except);
    add_number(link, event->number);
    if (event->ttl_ms > 0)
        add_number(link, event->ttl_ms);
    add_text(link, event->is_delivered ? "0" : "1");
    add(link, net_chunk_bytes(event->frame));
    link->added_number = event->number;
}

/* --- sending -------------------------------------------------------------------------------- */

static void update_kept_count(struct cluster_link *link)
{
    atomic_store_explicit(&link->kept_count, link->kept.count, memory_order_relaxed);
}

/* Whether Redis has applied it; else the link is lost, or was before. */
static bool is_applied(struct cluster_link *link, const redisReply *reply)
{
    char reason[512];

    if (reply == NULL)
        return false;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
        reply->element[0]->type == REDIS_REPLY_STRING && strcmp(reply->element[0]->str, "OK") == 0)
        return true;
    if (reply->type == REDIS_REPLY_ERROR) {
        cluster_locate_refer(&link->locate, (struct bytes){reply->str, reply->len});
        snprintf(reason, sizeof reason, "it answers: %.*s", (int)reply->len, reply->str);
        lose(link, reason);
    } else {
        atomic_fetch_add(&link->shared->gaps, 1);
        lose(link, "it does not know this node any more, so that events of others may be missing");
    }
    return false;
}

static void tell_waiters(struct list *waiters, bool is_taken)
{
    LIST_EACH(at, following, waiters) {
        struct waiter *waiter = LIST_OWNER(at, struct waiter, link);

        list_remove(&waiter->link);
        waiter->on_taken(is_taken, waiter->data);
        free(waiter);
    }
}

static void on_reply(const redisReply *reply, void *data, void *user)
{
    struct cluster_link_sent *sent = data;
    struct cluster_link *link = user;
    const size_t before = link->kept.count;
    bool is_taken;

    if (link->last_sent == sent)
        link->last_sent = NULL;
    is_taken = is_applied(link, reply);
    if (is_taken) {
        cluster_kept_taken(&link->kept, sent->number);
        atomic_fetch_add(&link->shared->events_sent, before - link->kept.count);
        update_kept_count(link);
    }
    tell_waiters(&sent->waiters, is_taken);
    if (is_taken && sent->on_applied != NULL)
        sent->on_applied(link, reply);
    free(sent);
}

static void flush_batch(struct cluster_link *link,
                        void (*on_applied)(struct cluster_link *link, const redisReply *answer))
{
    struct cluster_link_sent *sent;

    if (link->batch.count == 0)
        return;
    sent = mem_new(sizeof *sent);
    sent->number = link->added_number;
    sent->on_applied = on_applied;
    list_init(&sent->waiters);
    link->last_sent = sent;
    cluster_redis_send(link->commands, &link->batch, on_reply, sent);
}

bool cluster_link_wait(struct cluster_link *link, cluster_link_taken_fn on_taken, void *data)
{
    struct waiter *waiter;

    if (link->phase != CLUSTER_LINK_UP)
        return false;
    cluster_link_flush(link);
    if (link->last_sent == NULL)
        return false;
    waiter = mem_new(sizeof *waiter);
    waiter->on_taken = on_taken;
    waiter->data = data;
    list_append(&link->last_sent->waiters, &waiter->link);
    return true;
}

void cluster_link_flush(struct cluster_link *link)
{
    if (!talks(link))
        return;
    LIST_EACH(at, following, &link->state.dirty) {
        tell_subscriptions(link, LIST_OWNER(at, struct cluster_state_channel, dirty));
    }
    LIST_EACH(at, following, &link->state.apps) {
        tell_connections(link, LIST_OWNER(at, struct cluster_state_app, link));
    }
    flush_batch(link, NULL);
}

/* --- losing it ------------------------------------------------------------------------------ */

static void deliver(struct cluster_link *link, struct cluster_kept_event *event)
{
    const struct cluster_link_shared *shared = link->shared;
    struct cluster_key key;

    if (event->is_delivered)
        return;
    if (cluster_key_read(cluster_kept_key(event), &key))
        shared->events->on_event(key, event->except, net_chunk_bytes(event->frame), event->ttl_ms,
                                 shared->user);
    cluster_kept_deliver(&link->kept, event);
}

/* What this node's subscribers were to hear by way of Redis they hear now. */
static void deliver_all(struct cluster_link *link)
{
    LIST_EACH(at, following, &link->kept.events) {
        deliver(link, LIST_OWNER(at, struct cluster_kept_event, link));
    }
    update_kept_count(link);
}

/* Said once for all links. */
static void log_away(struct cluster_link *link, const char *reason)
{
    struct cluster_link_shared *shared = link->shared;
    struct buffer server = {0};

    if (link->is_away)
        return;
    link->is_away = true;
    if (shared->away_count++ > 0)
        return;
    shared->away_ms = now_of(link);
    shared->said_ms = shared->away_ms;
    shared->dropped_before = atomic_load(&shared->events_dropped);
    if (link->address.host[0] != '\0') {
        buffer_append_char(&server, ' ');
        cluster_locate_describe(&link->address, &server);
    }
    log_error("Redis%s is away: %s; clients stay, this node goes on by itself and tries again",
              buffer_text(&server), reason);
    buffer_deinit(&server);
}

/* The longer it is away the rarer; never all nodes at once. */
static uint64_t retry_delay_ms(struct cluster_link *link)
{
    uint64_t longest = RETRY_MIN_MS << (link->attempts < 6 ? link->attempts : 6);

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
    struct cluster_redis *reading = link->reading;

    link->commands = NULL;
    link->reading = NULL;
    cluster_locate_cancel(&link->locate);
    cluster_redis_close(commands);
    cluster_redis_close(reading);
    buffer_clear(&link->batch.arguments);
    link->batch.count = 0;
    link->added_number = 0;
}

static void lose(struct cluster_link *link, const char *reason)
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
        log_away(link, reason);
    link->phase = CLUSTER_LINK_AWAY;
    link->retry_ms = now_of(link) + retry_delay_ms(link);
    cluster_link_close(link);
    if (was_up)
        atomic_fetch_add(&link->shared->links_lost, 1);
    deliver_all(link);
    if (was_up)
        link->shared->events->on_down(link->shared->user);
}

static void on_lost(const char *reason, void *user)
{
    lose(user, reason);
}

/* --- reading the inbox ---------------------------------------------------------------------- */

static void read_inbox(struct cluster_link *link);

static bool is_text(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING;
}

static struct bytes text_of(const redisReply *reply)
{
    return (struct bytes){reply->str, reply->len};
}

static void read_entry(struct cluster_link *link, const redisReply *entry,
                       struct cluster_request *done)
{
    const redisReply *fields;

    if (entry->elements != 2 || !is_text(entry->element[0]) ||
        entry->element[1]->type != REDIS_REPLY_ARRAY)
        return;
    fields = entry->element[1];
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        if (is_text(fields->element[i]) && is_text(fields->element[i + 1]))
            cluster_inbox_read(&link->inbox, text_of(fields->element[i]),
                               text_of(fields->element[i + 1]));
    snprintf(link->last_id, sizeof link->last_id, "%.*s", (int)entry->element[0]->len,
             entry->element[0]->str);
    cluster_request_add(done, text_of(entry->element[0]));
}

static char *inbox_key(const struct cluster_link *link)
{
    struct buffer key = {0};

    buffer_printf(&key, "%s:i:%s", link->prefix, link->shared->process);
    buffer_text(&key);
    return key.data;
}

static void on_deleted(const redisReply *reply, void *data, void *user)
{
    (void)reply;
    (void)data;
    (void)user;
}

/* [[inbox, [[id, [letter, packed, …]], …]]], or nothing in the time. */
static void on_read(const redisReply *reply, void *data, void *user)
{
    struct cluster_link *link = user;
    struct cluster_request done = {0};
    const redisReply *entries = NULL;

    (void)data;
    if (reply == NULL)
        return;
    if (reply->type == REDIS_REPLY_ERROR) {
        is_applied(link, reply);
        return;
    }
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
        reply->element[0]->elements == 2)
        entries = reply->element[0]->element[1];
    if (entries != NULL && entries->elements > 0) {
        char *key = inbox_key(link);

        cluster_request_add_text(&done, "XDEL");
        cluster_request_add_text(&done, key);
        for (size_t i = 0; i < entries->elements; i++)
            read_entry(link, entries->element[i], &done);
        free(key);
        atomic_store_explicit(&link->events_received, link->inbox.received_count,
                              memory_order_relaxed);
        update_kept_count(link);
        if (link->reading != NULL)
            cluster_redis_send(link->reading, &done, on_deleted, NULL);
    }
    cluster_request_deinit(&done);
    read_inbox(link);
}

static void read_inbox(struct cluster_link *link)
{
    char block[16];
    char *key;

    if (link->reading == NULL)
        return;
    link->is_paused = link->shared->events->is_congested(link->shared->user);
    if (link->is_paused)
        return;
    key = inbox_key(link);
    snprintf(block, sizeof block, "%d", READ_BLOCK_MS);
    cluster_redis_command(link->reading, on_read, "XREAD", "COUNT", READ_COUNT, "BLOCK", block,
                          "STREAMS", key, link->last_id, NULL);
    free(key);
}

/* --- being in step -------------------------------------------------------------------------- */

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
    return (channel->flags & (CLUSTER_IS_PRESENCE | CLUSTER_IS_CACHE)) != 0;
}

/* Has itself shown the members and last events of its channels. */
static void ask_for_state(struct cluster_link *link)
{
    for (struct map_entry *at = map_any(&link->state.channels, NULL); at != NULL;
         at = map_any(&link->state.channels, at)) {
        const struct cluster_state_channel *channel =
            LIST_OWNER(at, struct cluster_state_channel, entry);

        if (!has_state(channel) || channel->subscriptions_count == 0)
            continue;
        begin_operation(link, "Y");
        add(link, cluster_state_key(channel));
        add_text(link, flags_text(channel->flags));
    }
}

static void go_up(struct cluster_link *link)
{
    log_back(link);
    link->attempts = 0;
    link->phase = CLUSTER_LINK_UP;
    LIST_EACH(at, following, &link->kept.events) {
        struct cluster_kept_event *event = LIST_OWNER(at, struct cluster_kept_event, link);

        if (!event->is_taken)
            add_event(link, event);
    }
    flush_batch(link, NULL);
    atomic_store(&link->is_up, true);
}

static bool is_back(const redisReply *answer, const char *process)
{
    for (size_t i = 1; i < answer->elements; i++)
        if (is_text(answer->element[i]) && strcmp(answer->element[i]->str, process) == 0)
            return true;
    return false;
}

static bool are_all_back(const struct cluster_link *link, const redisReply *answer)
{
    if (now_of(link) < link->joined_ms + SETTLE_MIN_MS)
        return false;
    for (size_t i = 0; i < link->processes_count; i++)
        if (!is_back(answer, link->processes[i]))
            return false;
    return true;
}

static void forget_processes(struct cluster_link *link)
{
    for (size_t i = 0; i < link->processes_count; i++)
        free(link->processes[i]);
    free(link->processes);
    link->processes = NULL;
    link->processes_count = 0;
}

static void note_processes(struct cluster_link *link, const redisReply *answer)
{
    forget_processes(link);
    link->processes = mem_new(answer->elements * sizeof *link->processes);
    for (size_t i = 1; i < answer->elements; i++)
        if (is_text(answer->element[i]))
            link->processes[link->processes_count++] = bytes_copy(text_of(answer->element[i]));
    atomic_store(&link->nodes_count, link->processes_count);
}

static void settle(struct cluster_link *link)
{
    link->inbox.is_partial = false;
    go_up(link);
    ask_for_state(link);
}

static void on_beat(struct cluster_link *link, const redisReply *reply)
{
    if (link->phase == CLUSTER_LINK_SETTLING &&
        (are_all_back(link, reply) || now_of(link) >= link->settled_ms))
        settle(link);
    if (link->phase == CLUSTER_LINK_UP)
        note_processes(link, reply);
}

static void beat(struct cluster_link *link, uint64_t now_ms)
{
    link->beat_ms = now_ms + BEAT_MS;
    cluster_link_flush(link);
    begin_operation(link, "B");
    add_text(link, now_ms - link->joined_ms >= REAPER_AGE_MS ? "1" : "0");
    flush_batch(link, on_beat);
}

/* --- telling what this node has ------------------------------------------------------------- */

static void tell_channel(struct cluster_link *link, struct cluster_state_channel *channel)
{
    begin_operation(link, "S");
    add(link, cluster_state_key(channel));
    add_number(link, channel->subscriptions_count);
    add_text(link, "");
    for (struct map_entry *at = map_any(&channel->members, NULL); at != NULL;
         at = map_any(&channel->members, at)) {
        const struct cluster_state_member *member =
            LIST_OWNER(at, struct cluster_state_member, entry);

        add_member(link, cluster_state_key(channel), cluster_state_user_id(member),
                   cluster_state_user_info(member));
    }
}

static void tell_everything(struct cluster_link *link)
{
    struct map_entry *next;

    LIST_EACH(at, following, &link->state.dirty) {
        cluster_state_clean(&link->state, LIST_OWNER(at, struct cluster_state_channel, dirty));
    }
    for (struct map_entry *at = map_any(&link->state.channels, NULL); at != NULL; at = next) {
        next = map_any(&link->state.channels, at);
        tell_channel(link, LIST_OWNER(at, struct cluster_state_channel, entry));
    }
    LIST_EACH(at, following, &link->state.apps) {
        struct cluster_state_app *app = LIST_OWNER(at, struct cluster_state_app, link);

        app->untold = app->connections_count;
        tell_connections(link, app);
    }
    flush_batch(link, NULL);
}

static void on_told(struct cluster_link *link, const redisReply *reply)
{
    (void)reply;
    if (link->inbox.is_partial) {
        link->phase = CLUSTER_LINK_SETTLING;
        link->settled_ms = now_of(link) + SETTLE_MS;
        beat(link, now_of(link));
    } else {
        go_up(link);
        beat(link, now_of(link));
    }
}

static void take_former_away(struct cluster_link *link);

static void on_former_taken(struct cluster_link *link, const redisReply *reply)
{
    if (reply->elements > 1 && is_text(reply->element[1]) &&
        strcmp(reply->element[1]->str, "0") != 0) {
        take_former_away(link);
        return;
    }
    begin_operation(link, "Z");
    ask_for_state(link);
    flush_batch(link, on_told);
}

static void take_former_away(struct cluster_link *link)
{
    flush_batch(link, NULL);
    begin_operation(link, "F");
    flush_batch(link, on_former_taken);
}

/* --- hello ---------------------------------------------------------------------------------- */

/* ["OK", epoch, whether the inbox was there] */
static void on_hello(struct cluster_link *link, const redisReply *reply)
{
    bool has_inbox;

    if (reply->elements < 3 || !is_text(reply->element[1]) || !is_text(reply->element[2])) {
        lose(link, "its answer to a hello is not understood");
        return;
    }
    has_inbox = strcmp(reply->element[2]->str, "1") == 0;
    if (!has_inbox) {
        if (link->was_up)
            atomic_fetch_add(&link->shared->gaps, 1);
        snprintf(link->last_id, sizeof link->last_id, "0-0");
    }
    link->inbox.is_partial =
        link->epoch[0] != '\0' && strcmp(link->epoch, reply->element[1]->str) != 0;
    snprintf(link->epoch, sizeof link->epoch, "%.*s", (int)reply->element[1]->len,
             reply->element[1]->str);
    link->phase = CLUSTER_LINK_TELLING;
    link->joined_ms = now_of(link);
    link->beat_ms = link->joined_ms + BEAT_MS;
    read_inbox(link);
    tell_everything(link);
    take_former_away(link);
}

static void say_hello(struct cluster_link *link)
{
    unsigned char random[(CLUSTER_LINK_EPOCH_LEN_MAX - 1) / 2];
    char epoch[CLUSTER_LINK_EPOCH_LEN_MAX];

    random_bytes(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(epoch + 2 * i, 3, "%02x", random[i]);
    snprintf(link->node, sizeof link->node, "%s.%u", link->shared->process, ++link->incarnation);
    begin_operation(link, "H");
    add_text(link, epoch);
    flush_batch(link, on_hello);
}

static void on_reading_ready(void *user)
{
    say_hello(user);
}

static const struct cluster_redis_events reading_events = {
    .on_ready = on_reading_ready,
    .on_lost = on_lost,
};

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
    if (!is_text(reply)) {
        is_applied(link, reply);
        return false;
    }
    free(*sha);
    *sha = bytes_copy(text_of(reply));
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
    if (take_sha(link, reply, &link->ask_sha))
        link->reading = cluster_redis_open(link->shared->loop, &link->address, &login,
                                           link->shared->tls, &reading_events, link);
}

/* A node of Redis Cluster that does not have the partition refers us to the one that has. */
static void on_looked(const redisReply *reply, void *data, void *user)
{
    struct cluster_link *link = user;

    (void)data;
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR)
        is_applied(link, reply);
}

static void on_commands_ready(void *user)
{
    struct cluster_link *link = user;
    struct buffer nodes = {0};

    buffer_printf(&nodes, "%s:nodes", link->prefix);
    cluster_redis_command(link->commands, on_looked, "EXISTS", buffer_text(&nodes), NULL);
    cluster_redis_command(link->commands, on_apply_loaded, "SCRIPT", "LOAD", cluster_scripts_apply,
                          NULL);
    cluster_redis_command(link->commands, on_ask_loaded, "SCRIPT", "LOAD", cluster_scripts_ask,
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
    struct cluster_state_channel *channel = cluster_state_subscribe(
        &link->state, key, change, change > 0 ? flags & ~(unsigned)CLUSTER_TELLS_COUNT : flags);

    if (!talks(link))
        cluster_state_clean(&link->state, channel);
}

/* Members come and go while the channel has subscriptions that Redis knows. */
static void tell_subscriptions_of(struct cluster_link *link, struct bytes key)
{
    struct cluster_state_channel *channel = cluster_state_find(&link->state, key);

    if (channel != NULL)
        tell_subscriptions(link, channel);
}

void cluster_link_join(struct cluster_link *link, struct bytes key, struct bytes user_id,
                       struct bytes user_info)
{
    cluster_state_join(&link->state, key, user_id, user_info);
    if (!talks(link))
        return;
    tell_subscriptions_of(link, key);
    add_member(link, key, user_id, user_info);
}

void cluster_link_leave(struct cluster_link *link, struct bytes key, struct bytes user_id)
{
    cluster_state_leave(&link->state, key, user_id);
    if (!talks(link))
        return;
    begin_operation(link, "L");
    add(link, key);
    add(link, user_id);
}

void cluster_link_await(struct cluster_link *link, struct bytes key, uint64_t socket_id,
                        unsigned flags)
{
    if (link->phase != CLUSTER_LINK_UP)
        return;
    tell_subscriptions_of(link, key);
    begin_operation(link, "D");
    add(link, key);
    add_number(link, socket_id);
    add_text(link, flags & CLUSTER_TELLS_COUNT ? "t" : "");
}

void cluster_link_publish(struct cluster_link *link, struct bytes key, uint64_t except,
                          struct net_chunk *frame, uint64_t ttl_ms, bool is_delivered)
{
    const struct cluster_state_channel *channel = cluster_state_find(&link->state, key);
    const bool has_subscribers = channel != NULL && channel->subscriptions_count > 0;
    struct cluster_kept_event *event =
        cluster_kept_add(&link->kept, key, except, frame, ttl_ms, is_delivered || !has_subscribers);
    struct cluster_kept_event *surplus;

    if (link->phase == CLUSTER_LINK_UP) {
        tell_subscriptions_of(link, key);
        add_event(link, event);
    } else {
        deliver(link, event);
    }
    while ((surplus = cluster_kept_surplus(&link->kept)) != NULL) {
        deliver(link, surplus);
        cluster_kept_drop(&link->kept, surplus);
        atomic_fetch_add(&link->shared->events_dropped, 1);
    }
    update_kept_count(link);
}

void cluster_link_terminate(struct cluster_link *link, struct bytes app_id, struct bytes user_id)
{
    if (link->phase != CLUSTER_LINK_UP) {
        link->shared->events->on_terminate(app_id, user_id, link->shared->user);
        return;
    }
    begin_operation(link, "T");
    add(link, app_id);
    add(link, user_id);
}

void cluster_link_connections(struct cluster_link *link, struct bytes app_id, int change)
{
    struct cluster_state_app *app = cluster_state_app(&link->state, app_id);

    app->connections_count += change;
    app->untold += change;
}

void cluster_link_admit(struct cluster_link *link, struct bytes app_id, uint32_t max,
                        uint64_t socket_id)
{
    struct cluster_state_app *app = cluster_state_app(&link->state, app_id);

    if (link->phase != CLUSTER_LINK_UP)
        return;
    tell_connections(link, app);
    begin_operation(link, "M");
    add(link, app_id);
    add_number(link, max);
    add_number(link, socket_id);
}

void cluster_link_ask_online(struct cluster_link *link, struct bytes user_key, uint64_t socket_id)
{
    if (link->phase != CLUSTER_LINK_UP)
        return;
    begin_operation(link, "Q");
    add(link, user_key);
    add_number(link, socket_id);
}

bool cluster_link_ask(struct cluster_link *link, struct cluster_request *arguments,
                      cluster_redis_reply_fn on_answer, void *data)
{
    struct cluster_request request = {0};

    if (link->phase != CLUSTER_LINK_UP)
        return false;
    cluster_link_flush(link);
    cluster_request_add_text(&request, "EVALSHA");
    cluster_request_add_text(&request, link->ask_sha);
    cluster_request_add_text(&request, "1");
    cluster_request_add_text(&request, link->prefix);
    buffer_append_bytes(&request.arguments, buffer_bytes(&arguments->arguments));
    request.count += arguments->count;
    cluster_redis_send(link->commands, &request, on_answer, data);
    cluster_request_deinit(&request);
    return true;
}

/* --- time passes ---------------------------------------------------------------------------- */

static bool is_silent(const struct cluster_redis *redis, uint64_t allowed_ms, uint64_t now_ms)
{
    return redis != NULL && cluster_redis_waits_ms(redis, now_ms) > allowed_ms;
}

/* It is away for long: said once more. */
static void remind(struct cluster_link *link, uint64_t now_ms)
{
    struct cluster_link_shared *shared = link->shared;
    const uint64_t timeout_ms = shared->settings->timeout_s * UINT64_C(1000);

    if (!link->is_away || timeout_ms == 0 || now_ms - shared->said_ms < timeout_ms)
        return;
    shared->said_ms = now_ms;
    log_error("Redis is away for %" PRIu64 " s now", (now_ms - shared->away_ms) / 1000);
}

void cluster_link_tick(struct cluster_link *link, uint64_t now_ms)
{
    remind(link, now_ms);
    if (link->phase == CLUSTER_LINK_AWAY && now_ms >= link->retry_ms) {
        link->phase = CLUSTER_LINK_CONNECTING;
        cluster_locate_begin(&link->locate);
    } else if (is_silent(link->commands, CLUSTER_REDIS_SILENT_MS, now_ms) ||
               is_silent(link->reading, READ_BLOCK_MS + CLUSTER_REDIS_SILENT_MS, now_ms)) {
        lose(link, "it does not answer");
    } else if (talks(link) && now_ms >= link->beat_ms) {
        beat(link, now_ms);
    }
    if (link->is_paused)
        read_inbox(link);
}

/* --- life ----------------------------------------------------------------------------------- */

static void on_good_bye(struct cluster_link *link, const redisReply *reply)
{
    (void)reply;
    link->phase = CLUSTER_LINK_ENDED;
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
    begin_operation(link, "G");
    flush_batch(link, on_good_bye);
    link->phase = CLUSTER_LINK_ENDING;
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
    cluster_state_init(&link->state);
    cluster_kept_init(&link->kept, settings->max_kept_bytes);
    link->inbox.events = shared->events;
    link->inbox.user = shared->user;
    link->inbox.process = shared->process;
    link->inbox.kept = &link->kept;
    link->inbox.state = &link->state;
    cluster_inbox_init(&link->inbox);
}

void cluster_link_deinit(struct cluster_link *link)
{
    cluster_link_close(link);
    forget_processes(link);
    cluster_request_deinit(&link->batch);
    cluster_state_deinit(&link->state);
    cluster_kept_deinit(&link->kept);
    cluster_inbox_deinit(&link->inbox);
    free(link->prefix);
    free(link->apply_sha);
    free(link->ask_sha);
}
