#include "pusher/cluster_events.h"

#include "base/mem.h"
#include "channel/publish.h"
#include "pusher/apps.h"
#include "pusher/authority.h"
#include "pusher/encode.h"
#include "pusher/member.h"
#include "pusher/node.h"
#include "pusher/socket_id.h"
#include "pusher/terminate.h"
#include "pusher/welcome.h"

/* A mail to the worker of one connection. */
struct events_mail {
    struct net_mail mail;
    struct pusher_worker *worker;
    struct pusher_app *app; /* a reference, or NULL */
    struct cluster_waiter waiter;
    struct channel *channel;    /* a reference, or NULL */
    struct ws_message *message; /* a reference, or NULL */
    struct ws_message *cached;
    bool is_admitted;
    bool is_large; /* the welcome is sent when the worker's turn ends */
};

/* A reference, or NULL: also of an app that was removed, until its connections are closed. */
static struct pusher_app *app_of(const struct pusher_cluster_events *events, struct bytes app_id)
{
    return pusher_apps_known(events->apps, app_id);
}

/* The channel, a reference, which its app outlives; NULL if this node does not have it. */
static struct channel *find(const struct pusher_cluster_events *events, struct cluster_key key,
                            struct pusher_app **app)
{
    struct channel_registry *registry;
    struct channel *channel;

    *app = app_of(events, key.app_id);
    if (*app == NULL)
        return NULL;
    registry = pusher_app_registry(*app, key.kind);
    channel = registry ? channel_registry_find(registry, key.name) : NULL;
    pusher_app_unref(*app);
    return channel;
}

static struct buffer *scratch(struct pusher_cluster_events *events)
{
    buffer_clear(&events->scratch);
    return &events->scratch;
}

/* --- to the worker of one connection -------------------------------------------------------- */

/* Takes the references in `content`. */
static void post(struct pusher_cluster_events *events, struct pusher_app *app,
                 struct cluster_waiter waiter, net_mail_fn deliver, struct events_mail *content)
{
    struct events_mail *mail = mem_new(sizeof *mail);

    *mail = *content;
    *content = (struct events_mail){0};
    mail->mail.deliver = deliver;
    mail->app = app ? pusher_app_ref(app) : NULL;
    mail->waiter = waiter;
    mail->worker =
        &events->workers[pusher_socket_id_worker(waiter.socket_id, events->workers_count)];
    NET_MAILBOX_POST(&mail->worker->loop->mailbox, mail);
}

static void post_to_workers(struct pusher_cluster_events *events, net_mail_fn deliver)
{
    for (size_t i = 0; i < events->workers_count; i++)
        post(events, NULL, (struct cluster_waiter){.socket_id = (uint64_t)i << 32}, deliver,
             &(struct events_mail){0});
}

static struct pusher_session *session_of(const struct events_mail *mail)
{
    struct pusher_session *session = pusher_session_find(mail->worker, mail->waiter.socket_id);

    return session != NULL && session->state != PUSHER_SESSION_OVER && session->app == mail->app
               ? session
               : NULL;
}

static void free_mail(struct events_mail *mail)
{
    ws_message_unref(mail->message);
    ws_message_unref(mail->cached);
    if (mail->channel != NULL)
        channel_unref(mail->channel);
    if (mail->app != NULL)
        pusher_app_unref(mail->app);
    free(mail);
}

/* --- events --------------------------------------------------------------------------------- */

static void cache_and_publish(struct pusher_cluster_events *events, struct pusher_app *app,
                              struct bytes name, struct ws_message *event, uint64_t except,
                              uint64_t ttl_ms)
{
    struct channel *channel =
        channel_registry_lock_and_cache(app->channels, name, event, uv_hrtime() / 1000000 + ttl_ms);

    channel_publish_in_order(&events->fanouts, channel, event, except);
    channel_registry_unlock_state(channel);
    channel_unref(channel);
}

static void on_event(struct cluster_key key, uint64_t except, struct bytes frame, uint64_t ttl_ms,
                     void *user)
{
    struct pusher_cluster_events *events = user;
    struct pusher_app *app;
    struct channel *channel = find(events, key, &app);
    struct ws_message *event;

    if (channel == NULL)
        return;
    event = ws_message_new_of_frame(frame);
    if (ttl_ms > 0 && !atomic_load(&app->is_removed))
        cache_and_publish(events, app, key.name, event, except, ttl_ms);
    else
        channel_publish_in_order(&events->fanouts, channel, event, except);
    ws_message_unref(event);
    channel_unref(channel);
}

static void on_cached(struct cluster_key key, struct bytes frame, uint64_t ttl_ms, void *user)
{
    struct pusher_cluster_events *events = user;
    struct pusher_app *app;
    struct channel *channel = find(events, key, &app);
    struct ws_message *event;

    if (channel == NULL || channel->cache == NULL) {
        if (channel != NULL)
            channel_unref(channel);
        return;
    }
    if (frame.len > 0 && ttl_ms > 0 && !atomic_load(&app->is_removed)) {
        event = ws_message_new_of_frame(frame);
        channel_unref(channel);
        channel = channel_registry_lock_and_cache(app->channels, key.name, event,
                                                  uv_hrtime() / 1000000 + ttl_ms);
        ws_message_unref(event);
    } else {
        channel_registry_lock_state(channel);
        channel_registry_forget_cached(channel);
    }
    channel_registry_unlock_state(channel);
    channel_unref(channel);
}

/* When a node is removed, Redis reports the count of each channel that it had: also of channels
 * without counts, and counts that have not changed. */
static bool is_news(const struct pusher_app *app, struct channel *channel, uint64_t count)
{
    if (channel->registry != app->channels || channel->kind.is_presence ||
        !atomic_load(&app->has_subscription_counts))
        return false;
    return atomic_exchange(&channel->told_count, (unsigned)count) != count ||
           channel->has_newcomers;
}

static void on_count(struct cluster_key key, uint64_t count, void *user)
{
    struct pusher_cluster_events *events = user;
    struct pusher_app *app;
    struct channel *channel = find(events, key, &app);

    if (channel == NULL)
        return;
    if (is_news(app, channel, count)) {
        channel->has_newcomers = false;
        pusher_encode_subscription_count(scratch(events), key.name, count);
        channel_publish_text_in_order(&events->fanouts, channel, buffer_bytes(&events->scratch));
    }
    channel_unref(channel);
}

/* --- members -------------------------------------------------------------------------------- */

/* All changes of members are made under the state lock. */

static void show(struct pusher_cluster_events *events, struct channel *channel,
                 struct cluster_member member, bool is_notified)
{
    pusher_member_list(&events->fanouts, channel, member.user_id, member.user_info, is_notified,
                       &events->scratch);
}

static void hide(struct pusher_cluster_events *events, struct channel *channel,
                 struct bytes user_id)
{
    pusher_member_unlist(&events->fanouts, channel, user_id, &events->scratch);
}

static void unlist_stale(struct pusher_cluster_events *events, struct channel *channel)
{
    const struct channel_presence_member *stale;
    size_t index = channel_presence_count(channel->presence);

    while ((stale = channel_presence_next_stale(channel->presence, &index)) != NULL)
        hide(events, channel, channel_presence_user_id(stale));
}

static void on_members(struct cluster_key key, const struct cluster_member *members, size_t count,
                       bool is_partial, void *user)
{
    struct pusher_cluster_events *events = user;
    struct pusher_app *app;
    struct channel *channel = find(events, key, &app);
    bool is_notified;

    if (channel == NULL)
        return;
    channel_registry_lock_state(channel);
    if (channel->presence != NULL) {
        /* With an empty list, no subscriber was sent the channel's members yet. */
        is_notified = channel_presence_count(channel->presence) > 0;
        channel_presence_begin_generation(channel->presence);
        for (size_t i = 0; i < count; i++)
            show(events, channel, members[i], is_notified);
        if (!is_partial)
            unlist_stale(events, channel);
    }
    channel_registry_unlock_state(channel);
    channel_unref(channel);
}

static void on_member_added(struct cluster_key key, struct cluster_member member, bool is_ours,
                            void *user)
{
    struct pusher_cluster_events *events = user;
    struct pusher_app *app;
    struct channel *channel = find(events, key, &app);

    if (channel == NULL)
        return;
    channel_registry_lock_state(channel);
    if (channel->presence != NULL)
        show(events, channel, member, true);
    /* Only one node notifies its observers, as it would without others. */
    if (is_ours)
        PUSHER_OBSERVERS_NOTIFY(events->workers, on_member_added, app, key.name, member.user_id,
                                member.user_info);
    channel_registry_unlock_state(channel);
    channel_unref(channel);
}

static void on_member_removed(struct cluster_key key, struct bytes user_id, bool is_ours,
                              void *user)
{
    struct pusher_cluster_events *events = user;
    struct pusher_app *app = app_of(events, key.app_id);
    struct channel *channel;

    if (app != NULL && is_ours)
        PUSHER_OBSERVERS_NOTIFY(events->workers, on_member_removed, app, key.name, user_id);
    if (app != NULL)
        pusher_app_unref(app);
    channel = find(events, key, &app);
    if (channel == NULL)
        return;
    channel_registry_lock_state(channel);
    if (channel->presence != NULL)
        hide(events, channel, user_id);
    channel_registry_unlock_state(channel);
    channel_unref(channel);
}

/* --- answers -------------------------------------------------------------------------------- */

/* The subscription that is answered; NULL if it has ended, even if there is a later one. */
static struct channel_subscription *subscription_of(struct pusher_session *session,
                                                    const struct events_mail *mail)
{
    struct channel_subscription *subscription =
        session ? channel_fanout_find(&mail->worker->fanout, &session->ws, mail->channel) : NULL;

    return subscription != NULL && subscription->token == mail->waiter.token ? subscription : NULL;
}

/* All that join in one turn of the worker share one snapshot, written then: changes that came
 * before it are part of it. */
static void join_later(struct pusher_worker *worker, struct channel_subscription *subscription)
{
    channel_registry_lock_state(subscription->channel);
    channel_joining_add(&worker->joining, subscription);
    channel_registry_unlock_state(subscription->channel);
}

static void on_ready_mail(struct net_mail *mail, void *owner)
{
    struct events_mail *ready = (struct events_mail *)mail;
    struct pusher_session *session = session_of(ready);
    struct channel_fanout *fanout = &ready->worker->fanout;
    struct channel_subscription *subscription = subscription_of(session, ready);

    (void)owner;
    if (subscription != NULL && !subscription->is_active) {
        if (session->user != NULL && session->user->subscription == subscription)
            pusher_node_activate_user(session);
        else if (ready->is_large)
            join_later(ready->worker, subscription);
        else
            channel_fanout_activate(fanout, subscription, ready->message, ready->cached);
    }
    free_mail(ready);
}

static void on_ready(struct cluster_key key, struct cluster_waiter waiter, void *user)
{
    struct pusher_cluster_events *events = user;
    struct events_mail ready = {0};
    struct pusher_app *app;
    struct channel *channel = find(events, key, &app);

    if (channel == NULL)
        return;
    ready.channel = channel_ref(channel); /* the worker may free its reference at once */
    channel->has_newcomers = true;
    channel_registry_lock_state(channel);
    ready.is_large = key.kind == CLUSTER_KEY_CHANNEL && channel_joining_is_large(channel);
    if (key.kind == CLUSTER_KEY_CHANNEL && !ready.is_large) {
        ready.message = pusher_welcome_new(channel, &events->scratch);
        ready.cached = pusher_welcome_cached(channel, uv_hrtime() / 1000000, &events->scratch);
        if (pusher_welcome_is_cache_miss(channel, uv_hrtime() / 1000000))
            PUSHER_OBSERVERS_NOTIFY(events->workers, on_cache_miss, app, key.name);
    }
    post(events, app, waiter, on_ready_mail, &ready);
    channel_registry_unlock_state(channel);
    channel_unref(channel);
}

static void on_admission_mail(struct net_mail *mail, void *owner)
{
    struct events_mail *admission = (struct events_mail *)mail;
    struct pusher_session *session = session_of(admission);

    (void)owner;
    if (session != NULL && session->state == PUSHER_SESSION_WAITING)
        pusher_authority_on_admitted(session, admission->is_admitted);
    else if (admission->is_admitted)
        cluster_connections(admission->app->cluster, bytes_of(admission->app->id), -1);
    free_mail(admission);
}

static void on_admitted(struct bytes app_id, uint64_t socket_id, bool is_admitted, void *user)
{
    struct pusher_cluster_events *events = user;
    struct pusher_app *app = app_of(events, app_id);

    if (app == NULL) {
        if (is_admitted)
            cluster_connections(events->cluster, app_id, -1);
        return;
    }
    post(events, app, (struct cluster_waiter){.socket_id = socket_id}, on_admission_mail,
         &(struct events_mail){.is_admitted = is_admitted});
    pusher_app_unref(app);
}

/* --- who is online -------------------------------------------------------------------------- */

static void on_online(struct cluster_key watch_key, bool is_online, void *user)
{
    struct pusher_cluster_events *events = user;
    struct pusher_app *app;
    struct channel *watchers = find(events, watch_key, &app);

    if (watchers == NULL)
        return;
    channel_registry_lock_state(watchers);
    /* While the link was down they may have been notified of what this node knew alone. */
    if (atomic_exchange(&watchers->told_online, is_online) != is_online) {
        pusher_encode_watchlist(scratch(events), is_online ? BYTES("online") : BYTES("offline"),
                                &watch_key.name, 1);
        channel_publish_text_in_order(&events->fanouts, watchers, buffer_bytes(&events->scratch));
    }
    channel_registry_unlock_state(watchers);
    channel_unref(watchers);
}

/* The first news of a watcher, unless it had some since it was asked for: that was later.
 * If the session has signed in again meanwhile and watches others, the former watch has ended. */
static void on_online_mail(struct net_mail *mail, void *owner)
{
    struct events_mail *online = (struct events_mail *)mail;
    struct pusher_session *session = session_of(online);
    struct channel_subscription *watch = subscription_of(session, online);

    (void)owner;
    if (watch != NULL && watch->is_asked) {
        watch->is_asked = false;
        if (online->message != NULL && !channel_fanout_has_news(&online->worker->fanout, watch))
            pusher_session_send(session, ws_message_text(online->message));
    }
    free_mail(online);
}

static void on_online_answer(struct cluster_key user_key, struct cluster_waiter waiter,
                             bool is_online, void *user)
{
    struct pusher_cluster_events *events = user;
    const struct cluster_key watch_key = {CLUSTER_KEY_WATCH, user_key.app_id, user_key.name};
    struct events_mail online = {0};
    struct pusher_app *app;

    if (waiter.token == CLUSTER_WAITER_NONE.token) {
        on_online(watch_key, is_online, user);
        return;
    }
    online.channel = find(events, watch_key, &app);
    if (online.channel == NULL)
        return;
    if (is_online) {
        atomic_store(&online.channel->told_online, true);
        pusher_encode_watchlist(scratch(events), BYTES("online"), &user_key.name, 1);
        online.message = ws_message_new(buffer_bytes(&events->scratch));
    }
    post(events, app, waiter, on_online_mail, &online);
}

/* --- the table ------------------------------------------------------------------------------ */

static void on_terminate(struct bytes app_id, struct bytes user_id, void *user)
{
    struct pusher_cluster_events *events = user;
    struct pusher_app *app = app_of(events, app_id);

    if (app == NULL)
        return;
    pusher_terminate_user_here(events->workers, events->workers_count, app, user_id);
    pusher_app_unref(app);
}

static void on_down_mail(struct net_mail *mail, void *owner)
{
    struct events_mail *down = (struct events_mail *)mail;

    (void)owner;
    pusher_authority_on_down(down->worker);
    free_mail(down);
}

static void on_down(void *user)
{
    post_to_workers(user, on_down_mail);
}

static void on_up_mail(struct net_mail *mail, void *owner)
{
    struct events_mail *up = (struct events_mail *)mail;

    (void)owner;
    pusher_authority_on_up(up->worker);
    free_mail(up);
}

static void on_up(void *user)
{
    post_to_workers(user, on_up_mail);
}

static bool is_congested(void *user)
{
    const struct pusher_cluster_events *events = user;

    for (size_t i = 0; i < events->workers_count; i++)
        if (channel_fanout_is_full(&events->workers[i].fanout))
            return true;
    return false;
}

const struct cluster_events pusher_cluster_events_table = {
    .on_event = on_event,
    .on_members = on_members,
    .on_member_added = on_member_added,
    .on_member_removed = on_member_removed,
    .on_cached = on_cached,
    .on_count = on_count,
    .on_ready = on_ready,
    .on_admitted = on_admitted,
    .on_online = on_online,
    .on_online_answer = on_online_answer,
    .on_terminate = on_terminate,
    .is_congested = is_congested,
    .on_down = on_down,
    .on_up = on_up,
};

void pusher_cluster_events_deinit(struct pusher_cluster_events *events)
{
    buffer_deinit(&events->scratch);
}
