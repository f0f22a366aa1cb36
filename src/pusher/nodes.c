#include "pusher/nodes.h"

#include "base/mem.h"
#include "pusher/event.h"
#include "pusher/member.h"
#include "pusher/session.h"
#include "pusher/signin.h"
#include "pusher/subscribe.h"
#include "pusher/terminate.h"

/* On its way to the worker of one connection. */
struct nodes_mail {
    struct net_mail mail;
    struct pusher_hub *hub;
    struct pusher_app *app;
    uint64_t socket_id;
    struct channel *channel;    /* a reference, or NULL */
    struct ws_message *message; /* a reference, or NULL */
    struct ws_message *kept;
    bool is_admitted;
};

static struct pusher_app *app_of(const struct pusher_nodes *nodes, struct bytes app_id)
{
    return pusher_apps_known(nodes->apps, app_id);
}

/* The channel, a reference; NULL where nobody here has it. */
static struct channel *find(const struct pusher_nodes *nodes, struct cluster_key key,
                            struct pusher_app **app)
{
    struct channel_registry *registry;

    *app = app_of(nodes, key.app_id);
    registry = *app ? pusher_app_registry(*app, key.kind) : NULL;
    return registry ? channel_registry_find(registry, key.name) : NULL;
}

static struct buffer *scratch(struct pusher_nodes *nodes)
{
    buffer_clear(&nodes->scratch);
    return &nodes->scratch;
}

/* --- to the worker of one connection -------------------------------------------------------- */

static void post(struct pusher_nodes *nodes, struct pusher_app *app, uint64_t socket_id,
                 net_mail_fn deliver, const struct nodes_mail *content)
{
    struct nodes_mail *mail = mem_new(sizeof *mail);

    *mail = *content;
    mail->mail.deliver = deliver;
    mail->app = app;
    mail->socket_id = socket_id;
    /* The remainder of a socket id's first number says which worker has it. */
    mail->hub = &nodes->hubs[(socket_id >> 32) % nodes->hubs_count];
    net_mailbox_post(&mail->hub->loop->mailbox, &mail->mail);
}

static struct pusher_session *session_of(const struct nodes_mail *mail)
{
    struct pusher_session *session = pusher_hub_find(mail->hub, mail->socket_id);

    return session != NULL && !session->is_over && session->app == mail->app ? session : NULL;
}

static void free_mail(struct nodes_mail *mail)
{
    ws_message_unref(mail->message);
    ws_message_unref(mail->kept);
    if (mail->channel != NULL)
        channel_unref(mail->channel);
    free(mail);
}

/* --- events --------------------------------------------------------------------------------- */

static void keep_and_publish(struct pusher_nodes *nodes, struct pusher_app *app, struct bytes name,
                             struct ws_message *event, uint64_t except, uint64_t ttl_ms)
{
    struct channel *channel =
        channel_registry_lock_and_keep(app->channels, name, event, uv_hrtime() / 1000000 + ttl_ms);

    channel_fanout_publish_in_order(nodes->fanouts, channel, event, except);
    channel_registry_unlock_state(channel);
    channel_unref(channel);
}

static void on_event(struct cluster_key key, uint64_t except, struct bytes frame, uint64_t ttl_ms,
                     void *user)
{
    struct pusher_nodes *nodes = user;
    struct pusher_app *app;
    struct channel *channel = find(nodes, key, &app);
    struct ws_message *event;

    if (channel == NULL)
        return;
    event = ws_message_new_of_frame(frame);
    if (ttl_ms > 0)
        keep_and_publish(nodes, app, key.name, event, except, ttl_ms);
    else
        channel_fanout_publish_in_order(nodes->fanouts, channel, event, except);
    ws_message_unref(event);
    channel_unref(channel);
}

static void on_kept(struct cluster_key key, struct bytes frame, uint64_t ttl_ms, void *user)
{
    struct pusher_nodes *nodes = user;
    struct pusher_app *app;
    struct channel *channel = find(nodes, key, &app);
    struct ws_message *event;

    if (channel == NULL || channel->cache == NULL) {
        if (channel != NULL)
            channel_unref(channel);
        return;
    }
    if (frame.len > 0 && ttl_ms > 0) {
        event = ws_message_new_of_frame(frame);
        channel_unref(channel);
        channel = channel_registry_lock_and_keep(app->channels, key.name, event,
                                                 uv_hrtime() / 1000000 + ttl_ms);
        ws_message_unref(event);
    } else {
        channel_registry_lock_state(channel);
        channel_registry_forget_kept(channel);
    }
    channel_registry_unlock_state(channel);
    channel_unref(channel);
}

static void on_count(struct cluster_key key, uint64_t count, void *user)
{
    struct pusher_nodes *nodes = user;
    struct pusher_app *app;
    struct channel *channel = find(nodes, key, &app);

    if (channel == NULL)
        return;
    pusher_event_subscription_count(scratch(nodes), key.name, count);
    channel_fanout_tell_in_order(nodes->fanouts, channel, buffer_bytes(&nodes->scratch));
    channel_unref(channel);
}

/* --- members -------------------------------------------------------------------------------- */

/* All under the state lock. */

static void show(struct pusher_nodes *nodes, struct channel *channel, struct cluster_member member,
                 bool is_told)
{
    pusher_member_show(nodes->fanouts, channel, member.user_id, member.user_info, is_told,
                       &nodes->scratch);
}

static void hide(struct pusher_nodes *nodes, struct channel *channel, struct bytes user_id)
{
    pusher_member_hide(nodes->fanouts, channel, user_id, &nodes->scratch);
}

static void hide_outdated(struct pusher_nodes *nodes, struct channel *channel)
{
    const struct channel_presence_member *outdated;
    size_t index = channel_presence_count(channel->presence);

    while ((outdated = channel_presence_next_outdated(channel->presence, &index)) != NULL)
        hide(nodes, channel, channel_presence_user_id(outdated));
}

static void on_members(struct cluster_key key, const struct cluster_member *members, size_t count,
                       bool is_partial, void *user)
{
    struct pusher_nodes *nodes = user;
    struct pusher_app *app;
    struct channel *channel = find(nodes, key, &app);
    bool is_told;

    if (channel == NULL)
        return;
    channel_registry_lock_state(channel);
    if (channel->presence != NULL) {
        /* Nobody has been shown anything of the channel yet otherwise. */
        is_told = channel_presence_count(channel->presence) > 0;
        channel_presence_begin_round(channel->presence);
        for (size_t i = 0; i < count; i++)
            show(nodes, channel, members[i], is_told);
        if (!is_partial)
            hide_outdated(nodes, channel);
    }
    channel_registry_unlock_state(channel);
    channel_unref(channel);
}

static void on_member_added(struct cluster_key key, struct cluster_member member, bool is_ours,
                            void *user)
{
    struct pusher_nodes *nodes = user;
    struct pusher_app *app;
    struct channel *channel = find(nodes, key, &app);

    if (channel == NULL)
        return;
    channel_registry_lock_state(channel);
    if (channel->presence != NULL)
        show(nodes, channel, member, true);
    /* One node tells its application, as it would without others. */
    if (is_ours)
        PUSHER_EVENTS_TELL(nodes->hubs, on_member_added, app, key.name, member.user_id,
                           member.user_info);
    channel_registry_unlock_state(channel);
    channel_unref(channel);
}

static void on_member_removed(struct cluster_key key, struct bytes user_id, bool is_ours,
                              void *user)
{
    struct pusher_nodes *nodes = user;
    struct pusher_app *app;
    struct channel *channel = find(nodes, key, &app);

    if (app != NULL && is_ours)
        PUSHER_EVENTS_TELL(nodes->hubs, on_member_removed, app, key.name, user_id);
    if (channel == NULL)
        return;
    channel_registry_lock_state(channel);
    if (channel->presence != NULL)
        hide(nodes, channel, user_id);
    channel_registry_unlock_state(channel);
    channel_unref(channel);
}

/* --- those who waited ----------------------------------------------------------------------- */

static void on_ready_mail(struct net_mail *mail, void *owner)
{
    struct nodes_mail *ready = (struct nodes_mail *)mail;
    struct pusher_session *session = session_of(ready);
    struct channel_fanout *fanout = &ready->hub->fanout;
    struct channel_subscription *subscription =
        session ? channel_subscription_find(fanout, &session->ws, ready->channel) : NULL;

    (void)owner;
    if (subscription != NULL && !subscription->is_active) {
        if (session->user != NULL && session->user->subscription == subscription)
            pusher_signin_complete(session);
        else
            channel_fanout_activate(fanout, subscription, ready->message, ready->kept);
    }
    free_mail(ready);
}

static void on_ready(struct cluster_key key, uint64_t socket_id, void *user)
{
    struct pusher_nodes *nodes = user;
    struct nodes_mail ready = {0};
    struct pusher_app *app;
    struct channel *channel = find(nodes, key, &app);

    if (channel == NULL)
        return;
    ready.channel = channel_ref(channel); /* the worker may be done with it at once */
    channel_registry_lock_state(channel);
    if (key.kind == CLUSTER_KEY_CHANNEL) {
        ready.message = pusher_subscribe_welcome(channel, &nodes->scratch);
        ready.kept = pusher_subscribe_kept(channel, uv_hrtime() / 1000000, &nodes->scratch);
    }
    post(nodes, app, socket_id, on_ready_mail, &ready);
    channel_registry_unlock_state(channel);
    channel_unref(channel);
}

static void on_admission_mail(struct net_mail *mail, void *owner)
{
    struct nodes_mail *admission = (struct nodes_mail *)mail;
    struct pusher_session *session = session_of(admission);

    (void)owner;
    if (session != NULL && session->is_awaiting)
        pusher_session_admit(session, admission->is_admitted);
    else if (admission->is_admitted)
        cluster_connections(admission->app->cluster, bytes_of(admission->app->id), -1);
    free_mail(admission);
}

static void on_admitted(struct bytes app_id, uint64_t socket_id, bool is_admitted, void *user)
{
    struct pusher_nodes *nodes = user;
    struct pusher_app *app = app_of(nodes, app_id);

    if (app != NULL)
        post(nodes, app, socket_id, on_admission_mail,
             &(struct nodes_mail){.is_admitted = is_admitted});
}

/* --- who is online -------------------------------------------------------------------------- */

static void on_online(struct cluster_key watch_key, bool is_online, void *user)
{
    struct pusher_nodes *nodes = user;
    struct pusher_app *app;
    struct channel *watchers = find(nodes, watch_key, &app);

    if (watchers == NULL)
        return;
    pusher_event_watchlist(scratch(nodes), is_online ? BYTES("online") : BYTES("offline"),
                           &watch_key.name, 1);
    channel_fanout_tell_in_order(nodes->fanouts, watchers, buffer_bytes(&nodes->scratch));
    channel_unref(watchers);
}

static void on_message_mail(struct net_mail *mail, void *owner)
{
    struct nodes_mail *message = (struct nodes_mail *)mail;
    struct pusher_session *session = session_of(message);

    (void)owner;
    if (session != NULL)
        pusher_session_send(session, ws_message_text(message->message));
    free_mail(message);
}

static void on_online_answer(struct cluster_key user_key, uint64_t socket_id, bool is_online,
                             void *user)
{
    struct pusher_nodes *nodes = user;
    struct pusher_app *app = app_of(nodes, user_key.app_id);

    if (app == NULL || !is_online)
        return;
    pusher_event_watchlist(scratch(nodes), BYTES("online"), &user_key.name, 1);
    post(nodes, app, socket_id, on_message_mail,
         &(struct nodes_mail){.message = ws_message_new(buffer_bytes(&nodes->scratch))});
}

/* --- all of them ---------------------------------------------------------------------------- */

static void on_terminate(struct bytes app_id, struct bytes user_id, void *user)
{
    struct pusher_nodes *nodes = user;
    struct pusher_app *app = app_of(nodes, app_id);

    if (app != NULL)
        pusher_terminate_user_here(nodes->hubs, nodes->hubs_count, app, user_id);
}

static void on_down_mail(struct net_mail *mail, void *owner)
{
    struct nodes_mail *down = (struct nodes_mail *)mail;

    (void)owner;
    LIST_EACH(link, following, &down->hub->sessions) {
        struct pusher_session *session = LIST_OWNER(link, struct pusher_session, link);

        if (!session->is_over && session->app != NULL)
            pusher_session_go_on(session);
    }
    free_mail(down);
}

static void on_down(void *user)
{
    struct pusher_nodes *nodes = user;

    for (size_t i = 0; i < nodes->hubs_count; i++)
        post(nodes, NULL, (uint64_t)i << 32, on_down_mail, &(struct nodes_mail){0});
}

static bool is_congested(void *user)
{
    const struct pusher_nodes *nodes = user;

    for (size_t i = 0; i < nodes->hubs_count; i++)
        if (net_mailbox_is_full(&nodes->hubs[i].loop->mailbox))
            return true;
    return false;
}

const struct cluster_events pusher_nodes_events = {
    .on_event = on_event,
    .on_members = on_members,
    .on_member_added = on_member_added,
    .on_member_removed = on_member_removed,
    .on_kept = on_kept,
    .on_count = on_count,
    .on_ready = on_ready,
    .on_admitted = on_admitted,
    .on_online = on_online,
    .on_online_answer = on_online_answer,
    .on_terminate = on_terminate,
    .is_congested = is_congested,
    .on_down = on_down,
};

void pusher_nodes_deinit(struct pusher_nodes *nodes)
{
    buffer_deinit(&nodes->scratch);
}
