#include "cluster/report.h"

#include "base/mem.h"

#include <string.h>

/* So many channels are verified at a time, or more if verifying all would take longer than
 * VERIFY_S: what is not renewed in a day expires. */
#define VERIFIED_AT_ONCE 100
#define VERIFY_S 3600

static struct cluster_batch *batch_of(struct cluster_report *report)
{
    return cluster_sender_batch(report->sender);
}

void cluster_report_init(struct cluster_report *report, struct cluster_state *state,
                         struct cluster_sender *sender, struct net_loop *loop)
{
    *report = (struct cluster_report){
        .state = state,
        .sender = sender,
        .walk = {.state = state, .loop = loop, .user = report},
    };
    list_init(&report->forgotten);
}

static void begin_walk(struct cluster_report *report,
                       void (*on_channel)(struct cluster_state_channel *channel, void *user),
                       void (*on_member)(const struct cluster_state_channel *channel,
                                         const struct cluster_state_member *member, void *user),
                       void (*on_end)(void *data), void *data)
{
    report->walk.on_channel = on_channel;
    report->walk.on_member = on_member;
    report->walk.on_end = on_end;
    report->walk.data = data;
    cluster_walk_begin(&report->walk);
}

/* --- what has changed ----------------------------------------------------------------------- */

/* Sends the count that Redis does not know yet, before what depends on it. Subscribers are notified
 * of it when a new subscription is ready, or at once when one ends. */
static void report_subscriptions(struct cluster_report *report,
                                 struct cluster_state_channel *channel)
{
    const unsigned shown =
        channel->needs_state ? CLUSTER_KEY_IS_PRESENCE | CLUSTER_KEY_IS_CACHE : 0;

    if (list_is_empty(&channel->dirty))
        return;
    if (channel->needs_state)
        channel->chain = ++report->chain;
    cluster_batch_subscriptions(
        batch_of(report), cluster_state_key(channel), channel->subscriptions_count,
        channel->flags & (shown | CLUSTER_KEY_NOTIFIES_COUNT), channel->chain);
    cluster_state_clean(report->state, channel);
}

static void report_connections(struct cluster_report *report, struct cluster_state_app *app)
{
    if (app->unreported != 0)
        cluster_batch_connections(batch_of(report), cluster_state_app_id(app), app->unreported);
    cluster_state_clean_app(report->state, app);
}

void cluster_report_connections(struct cluster_report *report, struct bytes app_id)
{
    struct cluster_state_app *app = cluster_state_find_app(report->state, app_id);

    if (app != NULL)
        report_connections(report, app);
}

void cluster_report_subscriptions(struct cluster_report *report, struct bytes key)
{
    struct cluster_state_channel *channel = cluster_state_find(report->state, key);

    if (channel != NULL)
        report_subscriptions(report, channel);
}

void cluster_report_changes(struct cluster_report *report)
{
    LIST_EACH(at, following, &report->state->dirty) {
        report_subscriptions(report, LIST_OWNER(at, struct cluster_state_channel, dirty));
    }
    LIST_EACH(at, following, &report->state->dirty_apps) {
        report_connections(report, LIST_OWNER(at, struct cluster_state_app, dirty));
    }
}

/* --- what is to be forgotten ---------------------------------------------------------------- */

struct forgotten {
    struct list link;
    struct cluster_report *report;
    uint64_t ttl_ms;
    bool is_sent;
    uint32_t app_id_len;
    char app_id[];
};

void cluster_report_forget_cached(struct cluster_report *report, struct bytes app_id,
                                  uint64_t ttl_ms)
{
    struct forgotten *app = mem_new(sizeof *app + app_id.len);

    app->report = report;
    app->ttl_ms = ttl_ms;
    app->app_id_len = (uint32_t)app_id.len;
    memcpy(app->app_id, app_id.data, app_id.len);
    list_append(&report->forgotten, &app->link);
}

static void on_forgotten(bool is_acked, void *data)
{
    struct forgotten *app = data;

    app->is_sent = false;
    if (!is_acked)
        return;
    list_remove(&app->link);
    free(app);
}

/* The apps that were just sent. */
static void await_forgotten(struct cluster_report *report)
{
    LIST_EACH(at, following, &report->forgotten) {
        struct forgotten *app = LIST_OWNER(at, struct forgotten, link);

        if (!app->is_sent)
            app->is_sent = cluster_sender_wait(report->sender, on_forgotten, app);
    }
}

void cluster_report_forgotten(struct cluster_report *report)
{
    bool has_any = false;

    LIST_EACH(at, following, &report->forgotten) {
        const struct forgotten *app = LIST_OWNER(at, struct forgotten, link);

        if (app->is_sent)
            continue;
        cluster_batch_forget_cached(batch_of(report), (struct bytes){app->app_id, app->app_id_len},
                                    app->ttl_ms);
        has_any = true;
    }
    if (!has_any)
        return;
    cluster_sender_flush(report->sender, NULL);
    await_forgotten(report);
}

/* --- everything ----------------------------------------------------------------------------- */

/* Pages that the previous incarnation has requested may still come: they are none of the snapshot
 * that this one will request. */
static void report_channel(struct cluster_state_channel *channel, void *user)
{
    struct cluster_report *report = user;

    channel->chain = ++report->chain;
    cluster_batch_subscriptions(batch_of(report), cluster_state_key(channel),
                                channel->subscriptions_count, 0, channel->chain);
}

static void report_member(const struct cluster_state_channel *channel,
                          const struct cluster_state_member *member, void *user)
{
    cluster_batch_join(batch_of(user), cluster_state_key(channel), cluster_state_user_id(member),
                       cluster_state_user_info(member));
}

static void report_apps(struct cluster_report *report)
{
    LIST_EACH(at, following, &report->state->dirty_apps) {
        cluster_state_clean_app(report->state, LIST_OWNER(at, struct cluster_state_app, dirty));
    }
    for (struct map_entry *at = map_any(&report->state->apps, NULL); at != NULL;
         at = map_any(&report->state->apps, at)) {
        const struct cluster_state_app *app = LIST_OWNER(at, struct cluster_state_app, entry);

        cluster_batch_connections(batch_of(report), cluster_state_app_id(app),
                                  app->connections_count);
    }
}

void cluster_report_everything(struct cluster_report *report, void (*on_end)(void *data),
                               void *data)
{
    LIST_EACH(at, following, &report->state->dirty) {
        cluster_state_clean(report->state, LIST_OWNER(at, struct cluster_state_channel, dirty));
    }
    report_apps(report);
    begin_walk(report, report_channel, report_member, on_end, data);
}

/* --- what other nodes have ------------------------------------------------------------------ */

static bool has_state(const struct cluster_state_channel *channel)
{
    return (channel->flags & (CLUSTER_KEY_IS_PRESENCE | CLUSTER_KEY_IS_CACHE)) != 0;
}

static void ask_for_state(struct cluster_state_channel *channel, void *user)
{
    struct cluster_report *report = user;

    if (!has_state(channel) || channel->subscriptions_count == 0)
        return;
    channel->chain = ++report->chain;
    cluster_batch_show(batch_of(report), cluster_state_key(channel), channel->flags, channel->chain,
                       BYTES("0"));
}

void cluster_report_ask_for_state(struct cluster_report *report, void (*on_end)(void *data),
                                  void *data)
{
    begin_walk(report, ask_for_state, NULL, on_end, data);
}

void cluster_report_ask_for_page(struct cluster_report *report, struct bytes key,
                                 struct bytes cursor)
{
    const struct cluster_state_channel *channel = cluster_state_find(report->state, key);

    if (channel != NULL)
        cluster_batch_show(batch_of(report), key, CLUSTER_KEY_IS_PRESENCE, channel->chain, cursor);
}

static void ask_whether_online(struct cluster_report *report,
                               const struct cluster_state_channel *channel)
{
    struct buffer user_key = {0};

    buffer_append(&user_key, &(char){CLUSTER_KEY_USER}, 1);
    buffer_append_bytes(&user_key, bytes_from(cluster_state_key(channel), 1));
    cluster_batch_lookup_online(batch_of(report), buffer_bytes(&user_key), CLUSTER_WAITER_NONE);
    buffer_deinit(&user_key);
}

static void ask_what_is_true(struct cluster_state_channel *channel, void *user)
{
    struct cluster_report *report = user;

    if (channel->subscriptions_count == 0)
        return;
    if (channel->key[0] == CLUSTER_KEY_WATCH)
        ask_whether_online(report, channel);
    else if (channel->notifies_count)
        cluster_batch_notify_count(batch_of(report), cluster_state_key(channel));
}

void cluster_report_ask_what_is_true(struct cluster_report *report)
{
    begin_walk(report, ask_what_is_true, NULL, NULL, NULL);
}

/* --- is it still there? --------------------------------------------------------------------- */

static void verify_channel(struct cluster_report *report, const struct map_entry *entry)
{
    const struct cluster_state_channel *channel =
        LIST_OWNER(entry, struct cluster_state_channel, entry);
    /* If others have come since the members were lost, these are there. */
    const struct cluster_state_member *member = cluster_state_oldest_member(channel);

    if (channel->subscriptions_count > 0)
        cluster_batch_verify(batch_of(report), cluster_state_key(channel),
                             channel->subscriptions_count,
                             member ? cluster_state_user_id(member) : BYTES(""));
}

static void verify_app(struct cluster_report *report, const struct map_entry *entry)
{
    const struct cluster_state_app *app = LIST_OWNER(entry, struct cluster_state_app, entry);

    cluster_batch_verify_connections(batch_of(report), cluster_state_app_id(app),
                                     app->connections_count);
}

/* Goes on at `*bucket`, by whole buckets, until `left` elements are verified. One may change its
 * bucket when the map grows: then it is verified twice, or next time. */
static void verify_some(struct cluster_report *report, const struct map *map, size_t *bucket,
                        size_t left,
                        void (*verify)(struct cluster_report *, const struct map_entry *))
{
    for (size_t i = 0; i < map->buckets_count && left > 0; i++) {
        if (*bucket >= map->buckets_count)
            *bucket = 0;
        for (const struct map_entry *entry = map->buckets[*bucket]; entry != NULL;
             entry = entry->next) {
            verify(report, entry);
            left -= left > 0;
        }
        ++*bucket;
    }
}

void cluster_report_verify_some(struct cluster_report *report)
{
    const struct cluster_state *state = report->state;

    verify_some(report, &state->channels, &report->verify_bucket,
                state->channels.count / VERIFY_S + VERIFIED_AT_ONCE, verify_channel);
    verify_some(report, &state->apps, &report->verify_apps_bucket, VERIFIED_AT_ONCE, verify_app);
}

void cluster_report_deinit(struct cluster_report *report)
{
    LIST_EACH(at, following, &report->forgotten) {
        free(LIST_OWNER(at, struct forgotten, link));
    }
}
