#include "pusher/authority.h"

#include "base/mem.h"
#include "base/move.h"
#include "pusher/node.h"
#include "pusher/visit.h"

/* Whether all nodes together decide about that channel at present. */
static bool is_shared(const struct pusher_app *app, char kind, struct bytes name)
{
    return app->cluster != NULL && cluster_is_up(app->cluster, pusher_app_key(app, kind, name));
}

static struct cluster_key channel_key(const struct pusher_app *app, const struct channel *channel)
{
    return pusher_app_key(app, CLUSTER_KEY_CHANNEL, channel_name(channel));
}

static bool is_channel_shared(const struct pusher_app *app, const struct channel *channel)
{
    return is_shared(app, CLUSTER_KEY_CHANNEL, channel_name(channel));
}

/* --- reports to the cluster ------------------------------------------------------------------ */

static unsigned flags_of(struct pusher_app *app, const struct channel *channel)
{
    unsigned flags = 0;

    if (channel->kind.is_presence)
        flags |= CLUSTER_KEY_IS_PRESENCE;
    if (channel->kind.is_cache)
        flags |= CLUSTER_KEY_IS_CACHE;
    if (channel->registry == app->channels && !channel->kind.is_presence &&
        pusher_app_settings(app)->subscription_counts)
        flags |= CLUSTER_KEY_NOTIFIES_COUNT;
    return flags;
}

static void notify_cluster(struct pusher_app *app, char kind, struct channel *channel, int change)
{
    cluster_subscriptions(app->cluster, pusher_app_key(app, kind, channel_name(channel)), change,
                          flags_of(app, channel));
}

static void on_channel_count(struct channel *channel, int change, void *user)
{
    notify_cluster(user, CLUSTER_KEY_CHANNEL, channel, change);
}

static void on_user_count(struct channel *channel, int change, void *user)
{
    notify_cluster(user, CLUSTER_KEY_USER, channel, change);
}

static void on_watcher_count(struct channel *channel, int change, void *user)
{
    notify_cluster(user, CLUSTER_KEY_WATCH, channel, change);
}

void pusher_authority_adopt(struct pusher_app *app)
{
    if (app->cluster == NULL)
        return;
    channel_registry_count_for(app->channels, on_channel_count, app);
    channel_registry_count_for(app->users, on_user_count, app);
    channel_registry_count_for(app->watchers, on_watcher_count, app);
}

void pusher_authority_forget_cached(struct pusher_app *app)
{
    channel_registry_expire(app->channels, UINT64_MAX);
    if (app->cluster != NULL)
        cluster_forget_cached(app->cluster, bytes_of(app->id),
                              pusher_app_settings(app)->cache_ttl_s * UINT64_C(1000));
}

/* --- connections ---------------------------------------------------------------------------- */

static void await_place(struct pusher_session *session)
{
    struct pusher_app *app = session->app;

    session->state = PUSHER_SESSION_WAITING;
    cluster_admit(app->cluster, bytes_of(app->id), pusher_app_settings(app)->max_connections,
                  session->socket_id);
}

static void answer(struct pusher_session *session, bool is_admitted)
{
    session->worker->session_events->on_admitted(session, is_admitted);
}

/* Decides from this node's state. */
static void decide_place(struct pusher_session *session, bool has_place)
{
    struct pusher_app *app = session->app;

    if (has_place && app->cluster != NULL) {
        cluster_connections(app->cluster, bytes_of(app->id), 1);
        session->counted = PUSHER_SESSION_COUNTED_EVERYWHERE;
    }
    answer(session, has_place);
}

void pusher_authority_admit(struct pusher_session *session)
{
    struct pusher_app *app = session->app;
    const uint32_t max = pusher_app_settings(app)->max_connections;
    const uint32_t before = atomic_fetch_add(&app->connections_count, 1);

    session->counted = PUSHER_SESSION_COUNTED_HERE;
    if (max != 0 && is_shared(app, CLUSTER_KEY_USER, BYTES("")))
        await_place(session);
    else
        decide_place(session, max == 0 || before < max);
}

void pusher_authority_on_admitted(struct pusher_session *session, bool is_admitted)
{
    if (is_admitted)
        session->counted = PUSHER_SESSION_COUNTED_EVERYWHERE;
    answer(session, is_admitted);
}

void pusher_authority_dismiss(struct pusher_session *session)
{
    if (session->counted != PUSHER_SESSION_NOT_COUNTED)
        atomic_fetch_sub(&session->app->connections_count, 1);
    if (session->counted == PUSHER_SESSION_COUNTED_EVERYWHERE)
        cluster_connections(session->app->cluster, bytes_of(session->app->id), -1);
    session->counted = PUSHER_SESSION_NOT_COUNTED;
}

/* --- channels ------------------------------------------------------------------------------- */

void pusher_authority_subscribe(struct pusher_session *session,
                                struct channel_subscription *subscription)
{
    struct channel *channel = subscription->channel;
    struct pusher_app *app = session->app;

    if (is_channel_shared(app, channel))
        cluster_await(app->cluster, channel_key(app, channel),
                      (struct cluster_waiter){session->socket_id, subscription->token},
                      flags_of(app, channel));
    else
        pusher_node_activate(session, subscription);
}

void pusher_authority_unsubscribe(struct pusher_session *session, struct channel *channel)
{
    if (!is_channel_shared(session->app, channel))
        pusher_node_notify_count(session, channel);
}

void pusher_authority_join(struct pusher_session *session,
                           struct channel_subscription *subscription, struct bytes user_id,
                           struct bytes user_info)
{
    struct channel *channel = subscription->channel;
    bool is_first;

    channel_registry_lock_state(channel);
    subscription->member = channel_presence_join(channel->presence, user_id, user_info, &is_first,
                                                 &subscription->info);
    if (is_first && session->app->cluster != NULL)
        cluster_join(session->app->cluster, channel_key(session->app, channel),
                     (struct cluster_member){user_id, user_info});
    channel_registry_unlock_state(channel);
}

/* Replaces the info of a connection that has gone, in the cluster's list or this node's. Under the
 * state lock. */
static void renew_info(struct pusher_session *session, struct channel *channel,
                       const struct channel_presence_member *member)
{
    const struct bytes user_id = channel_presence_user_id(member);
    struct pusher_app *app = session->app;
    struct buffer user_info = {0};

    channel_presence_user_info(member, &user_info);
    if (app->cluster != NULL)
        cluster_join(app->cluster, channel_key(app, channel),
                     (struct cluster_member){user_id, buffer_bytes(&user_info)});
    if (!is_channel_shared(app, channel) && channel_presence_is_listed(channel->presence, user_id))
        channel_presence_list(channel->presence, user_id, buffer_bytes(&user_info));
    buffer_deinit(&user_info);
}

/* The member's last connection on this node leaves. The link may come up at this moment: then the
 * cluster says whether the member that this node unlists is still on others. Under the state lock.
 */
static void leave_last(struct pusher_session *session, struct channel *channel,
                       struct bytes user_id)
{
    struct pusher_app *app = session->app;
    const bool decides_alone = !is_channel_shared(app, channel);

    if (app->cluster != NULL)
        cluster_leave(app->cluster, channel_key(app, channel), user_id, decides_alone);
    if (decides_alone)
        pusher_node_unlist_member(session, channel, user_id);
}

void pusher_authority_leave(struct pusher_session *session,
                            struct channel_subscription *subscription)
{
    struct channel_presence_member *member = MOVE(subscription->member);
    const struct bytes user_id = channel_presence_user_id(member);
    struct channel *channel = subscription->channel;
    bool is_info_new;

    channel_registry_lock_state(channel);
    if (channel_presence_is_last(member))
        leave_last(session, channel, user_id);
    channel_presence_leave(channel->presence, member, subscription->info, &is_info_new);
    if (is_info_new)
        renew_info(session, channel, member);
    channel_registry_unlock_state(channel);
}

/* --- users ---------------------------------------------------------------------------------- */

void pusher_authority_sign_in(struct pusher_session *session)
{
    const struct pusher_session_user *user = session->user;
    struct pusher_app *app = session->app;

    if (is_shared(app, CLUSTER_KEY_USER, user->id))
        cluster_await(app->cluster, pusher_app_key(app, CLUSTER_KEY_USER, user->id),
                      (struct cluster_waiter){session->socket_id, user->subscription->token}, 0);
    else
        pusher_node_activate_user(session);
}

void pusher_authority_notify_watchers(struct pusher_worker *worker, struct pusher_app *app,
                                      struct bytes user_id)
{
    if (is_shared(app, CLUSTER_KEY_USER, user_id))
        return;
    pusher_node_notify_watchers(worker, app, user_id);
    if (is_shared(app, CLUSTER_KEY_USER, user_id)) /* since just now: that may have been untrue */
        cluster_lookup_online(app->cluster, pusher_app_key(app, CLUSTER_KEY_USER, user_id),
                              CLUSTER_WAITER_NONE);
}

bool pusher_authority_is_online(struct pusher_session *session, struct bytes user_id,
                                struct channel_subscription *watch)
{
    struct pusher_app *app = session->app;
    const bool is_all = is_shared(app, CLUSTER_KEY_USER, user_id);

    if (!is_all && pusher_node_is_online(app, user_id)) {
        atomic_store(&watch->channel->told_online, true);
        return true;
    }
    watch->is_asked = app->cluster != NULL; /* again when the link is up, if it is not */
    session->user->is_asking |= watch->is_asked;
    if (is_all)
        cluster_lookup_online(app->cluster, pusher_app_key(app, CLUSTER_KEY_USER, user_id),
                              (struct cluster_waiter){session->socket_id, watch->token});
    return false;
}

bool pusher_authority_terminate(struct pusher_app *app, struct bytes user_id)
{
    if (app->cluster != NULL)
        cluster_terminate(app->cluster, bytes_of(app->id), user_id);
    return app->cluster != NULL;
}

/* --- events --------------------------------------------------------------------------------- */

bool pusher_authority_can_publish(const struct pusher_app *app)
{
    return app->cluster == NULL || !cluster_is_congested(app->cluster);
}

bool pusher_authority_has_others(const struct pusher_app *app)
{
    return app->cluster != NULL;
}

/* Also after the link was lost, while earlier events of this worker wait for the cluster's thread.
 */
static bool is_ordered_by_cluster(struct pusher_worker *worker, const struct pusher_app *app,
                                  struct cluster_key key)
{
    return cluster_is_up(app->cluster, key) ||
           (atomic_load_explicit(&worker->pending_events, memory_order_acquire) > 0 &&
            !cluster_is_stalled(app->cluster));
}

bool pusher_authority_publish(struct pusher_worker *worker, struct pusher_app *app,
                              struct cluster_key key, struct ws_message *event, uint64_t except,
                              uint64_t ttl_ms)
{
    bool is_ordered;

    if (app->cluster == NULL)
        return false;
    is_ordered = is_ordered_by_cluster(worker, app, key);
    cluster_publish(app->cluster, key, except, ws_message_frame(event, WS_DEFLATE_PLAIN, NULL),
                    ttl_ms, is_ordered ? &worker->pending_events : NULL);
    return is_ordered;
}

/* --- a link that is lost, and back ---------------------------------------------------------- */

static void resume_subscriptions(struct pusher_session *session)
{
    struct pusher_app *app = session->app;

    LIST_EACH(link, following, &session->subscriber.subscriptions) {
        struct channel_subscription *subscription =
            LIST_OWNER(link, struct channel_subscription, link);

        if (subscription->is_active || subscription->channel->registry != app->channels)
            continue;
        pusher_authority_subscribe(session, subscription);
        if (session->state == PUSHER_SESSION_OVER)
            return;
    }
}

/* The link may be up again already: then the cluster decides. */
static void resume_admission(struct pusher_session *session)
{
    struct pusher_app *app = session->app;
    const uint32_t max = pusher_app_settings(app)->max_connections;

    if (is_shared(app, CLUSTER_KEY_USER, BYTES("")))
        await_place(session);
    else
        decide_place(session, max == 0 || atomic_load(&app->connections_count) <= max);
}

static void resume(struct pusher_visit *visit, struct pusher_session *session)
{
    (void)visit;
    if (session->app == NULL)
        return;
    if (session->state == PUSHER_SESSION_WAITING)
        resume_admission(session);
    if (session->state == PUSHER_SESSION_OVER)
        return;
    if (session->user != NULL && session->user->welcome != NULL)
        pusher_authority_sign_in(session);
    resume_subscriptions(session);
}

static void visit_all(struct pusher_worker *worker,
                      void (*visit_one)(struct pusher_visit *visit, struct pusher_session *session))
{
    struct pusher_visit *visit = mem_new(sizeof *visit);

    visit->worker = worker;
    visit->visit = visit_one;
    pusher_visit_begin(visit);
}

void pusher_authority_on_down(struct pusher_worker *worker)
{
    visit_all(worker, resume);
}

/* What was asked while the link was down, or was lost with it. */
static void ask_again(struct pusher_visit *visit, struct pusher_session *session)
{
    struct pusher_app *app = session->app;

    (void)visit;
    if (session->user == NULL || !session->user->is_asking)
        return;
    session->user->is_asking = false;
    LIST_EACH(link, following, &session->subscriber.subscriptions) {
        struct channel_subscription *watch = LIST_OWNER(link, struct channel_subscription, link);
        const struct bytes user_id = channel_name(watch->channel);

        if (!watch->is_asked)
            continue;
        session->user->is_asking = true;
        if (is_shared(app, CLUSTER_KEY_USER, user_id))
            cluster_lookup_online(app->cluster, pusher_app_key(app, CLUSTER_KEY_USER, user_id),
                                  (struct cluster_waiter){session->socket_id, watch->token});
    }
}

void pusher_authority_on_up(struct pusher_worker *worker)
{
    visit_all(worker, ask_again);
}
