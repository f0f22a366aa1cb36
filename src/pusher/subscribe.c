#include "pusher/subscribe.h"

#include "base/move.h"
#include "pusher/encode.h"
#include "pusher/limits.h"
#include "pusher/member.h"
#include "pusher/user_channel.h"
#include "pusher/user_id.h"

/* What a client asks for; borrowed from its message. */
struct subscribe_request {
    struct bytes channel;
    struct bytes auth;
    struct bytes channel_data; /* absent where none was sent */
    struct bytes user_id;      /* of a presence channel */
    struct bytes user_info;    /* JSON */
};

/* What its strings are decoded into, where they have escapes. */
struct request_scratch {
    struct buffer channel;
    struct buffer auth;
    struct buffer channel_data;
    struct buffer user_id;
};

static void request_scratch_deinit(struct request_scratch *scratch)
{
    buffer_deinit(&scratch->channel);
    buffer_deinit(&scratch->auth);
    buffer_deinit(&scratch->channel_data);
    buffer_deinit(&scratch->user_id);
}

/* A string, or absent (null too); false where it is something else. */
static bool read_text(const struct jsonscan_value *value, struct buffer *scratch,
                      struct bytes *text)
{
    *text = BYTES_NONE;
    if (value->type == JSONSCAN_STRING)
        *text = jsonscan_text(value, scratch);
    return value->type == JSONSCAN_STRING || value->type == JSONSCAN_ABSENT ||
           value->type == JSONSCAN_NULL;
}

static bool read_request(struct pusher_decode_message *message, struct subscribe_request *request,
                         struct request_scratch *scratch)
{
    struct jsonscan_field fields[] = {
        {.name = BYTES("channel")}, {.name = BYTES("auth")}, {.name = BYTES("channel_data")}};

    *request = (struct subscribe_request){0};
    return pusher_decode_data(message, fields, sizeof fields / sizeof fields[0]) &&
           read_text(&fields[0].value, &scratch->channel, &request->channel) &&
           read_text(&fields[1].value, &scratch->auth, &request->auth) &&
           read_text(&fields[2].value, &scratch->channel_data, &request->channel_data) &&
           request->channel.len > 0;
}

/* --- may it? -------------------------------------------------------------------------------- */

static bool is_authorized(struct pusher_session *session, const struct subscribe_request *request)
{
    struct buffer text = {0};
    bool is_signed;

    buffer_append_char(&text, ':');
    buffer_append_bytes(&text, request->channel);
    if (request->channel_data.data != NULL) {
        buffer_append_char(&text, ':');
        buffer_append_bytes(&text, request->channel_data);
    }
    is_signed = pusher_session_is_signed(session, buffer_bytes(&text), request->auth);
    buffer_deinit(&text);
    return is_signed;
}

/* The channel is told too, if it is known which: who waits for its subscription hears nothing else.
 */
static void refuse(struct pusher_session *session, struct bytes channel, enum pusher_error error)
{
    struct buffer *out = pusher_worker_scratch(session->worker);

    pusher_session_send_error(session, error);
    if (channel.len == 0)
        return;
    buffer_clear(out);
    pusher_encode_subscription_error(out, channel, error);
    pusher_session_send(session, buffer_bytes(out));
}

static bool is_full(const struct pusher_session *session)
{
    const uint32_t max = pusher_app_settings(session->app)->max_subscriptions;

    return max != 0 && session->channels_count >= max;
}

/* What a signature covers beside the channel is a JSON object: else a signature for the channel
 * `private-a:x` would open `private-a` to whoever sends `x` as its data. */
static bool is_data_well_formed(const struct subscribe_request *request)
{
    return request->channel_data.data == NULL || jsonscan_object(request->channel_data, NULL, 0);
}

/* A user id is a text from here on. */
static bool read_member(struct pusher_session *session, struct subscribe_request *request,
                        struct buffer *scratch)
{
    struct jsonscan_field fields[] = {{.name = BYTES("user_id")}, {.name = BYTES("user_info")}};

    request->user_info = BYTES("{}");
    if (request->channel_data.data == NULL && session->user != NULL) {
        request->user_id = session->user->id;
        if (session->user->info_json.data != NULL)
            request->user_info = session->user->info_json;
        return true;
    }
    if (request->channel_data.data == NULL || !jsonscan_object(request->channel_data, fields, 2) ||
        !pusher_user_id_read(&fields[0].value, scratch, &request->user_id))
        return false;
    if (fields[1].value.type != JSONSCAN_ABSENT && fields[1].value.type != JSONSCAN_NULL)
        request->user_info = fields[1].value.raw;
    return true;
}

/* --- joining -------------------------------------------------------------------------------- */

static struct ws_message *message_of(const struct buffer *text)
{
    return ws_message_new(buffer_bytes(text));
}

/* Under the state lock. */
static void show_member(struct pusher_session *session, struct channel *channel,
                        const struct channel_presence_member *member)
{
    const struct bytes user_id = channel_presence_user_id(member);
    struct pusher_worker *worker = session->worker;
    struct buffer user_info = {0};

    channel_presence_user_info(member, &user_info);
    if (pusher_member_list(worker->fanout.all, channel, user_id, buffer_bytes(&user_info), true,
                           &worker->scratch))
        PUSHER_OBSERVERS_NOTIFY(worker, on_member_added, session->app, channel_name(channel),
                                user_id, buffer_bytes(&user_info));
    buffer_deinit(&user_info);
}

struct ws_message *pusher_subscribe_welcome(struct channel *channel, struct buffer *scratch)
{
    buffer_clear(scratch);
    pusher_encode_subscription_succeeded(
        scratch, channel_name(channel),
        channel->presence ? channel_presence_snapshot(channel->presence) : BYTES_NONE);
    return message_of(scratch);
}

struct ws_message *pusher_subscribe_cached(struct channel *channel, uint64_t now_ms,
                                           struct buffer *scratch)
{
    struct ws_message *cached;
    uint64_t ttl_ms;

    if (channel->cache == NULL)
        return NULL;
    cached = channel_registry_cached(channel, now_ms, &ttl_ms);
    if (cached != NULL)
        return cached;
    buffer_clear(scratch);
    pusher_encode_cache_miss(scratch, channel_name(channel));
    return message_of(scratch);
}

/* Members and the last event change under the state lock: the newcomer is shown them, and hears
 * what comes after, with nothing in between and nothing twice. */
static void join_in_order(struct pusher_session *session, struct channel_subscription *subscription)
{
    struct channel *channel = subscription->channel;
    struct ws_message *welcome;
    struct ws_message *cached;

    channel_registry_lock_state(channel);
    if (channel->kind.is_presence)
        show_member(session, channel, subscription->member);
    welcome = pusher_subscribe_welcome(channel, &session->worker->scratch);
    cached = pusher_subscribe_cached(channel, net_loop_now_ms(session->worker->loop),
                                     &session->worker->scratch);
    channel_fanout_add_in_order(&session->worker->fanout, subscription, &welcome, &cached);
    channel_registry_unlock_state(channel);
    channel_fanout_catch_up(&session->worker->fanout);
}

/* The count is read and told under the lock, so that the last one told is the true one. That of all
 * nodes comes by way of the cluster. */
static void notify_count(struct pusher_session *session, struct channel *channel)
{
    unsigned count;

    if (!pusher_app_settings(session->app)->subscription_counts || channel->kind.is_presence ||
        pusher_app_is_shared(session->app, CLUSTER_KEY_CHANNEL, channel_name(channel)))
        return;
    channel_registry_lock_state(channel);
    count = atomic_load(&channel->subscriptions_count);
    atomic_store(&channel->told_count, count);
    pusher_encode_subscription_count(pusher_worker_scratch(session->worker), channel_name(channel),
                                     count);
    channel_fanout_notify_in_order(session->worker->fanout.all, channel,
                                   buffer_bytes(&session->worker->scratch));
    channel_registry_unlock_state(channel);
}

static void complete(struct pusher_session *session, struct channel_subscription *subscription)
{
    struct pusher_worker *worker = session->worker;
    struct channel *channel = subscription->channel;

    if (channel->kind.is_presence || channel->kind.is_cache) {
        join_in_order(session, subscription);
    } else {
        channel_fanout_add(&worker->fanout, subscription);
        pusher_encode_subscription_succeeded(pusher_worker_scratch(worker), channel_name(channel),
                                             BYTES_NONE);
        pusher_session_send(session, buffer_bytes(&worker->scratch));
    }
    if (session->state != PUSHER_SESSION_OVER)
        notify_count(session, channel);
}

void pusher_subscribe_await(struct pusher_session *session,
                            struct channel_subscription *subscription)
{
    const struct channel *channel = subscription->channel;
    struct pusher_app *app = session->app;

    if (pusher_app_is_shared(app, CLUSTER_KEY_CHANNEL, channel_name(channel)))
        cluster_await(app->cluster, pusher_app_key(app, CLUSTER_KEY_CHANNEL, channel_name(channel)),
                      (struct cluster_waiter){session->socket_id, subscription->token},
                      pusher_app_cluster_flags(app, channel));
    else
        complete(session, subscription);
}

/* The member has one more connection; where it is its first here, other nodes hear of it. */
static void join_presence(struct pusher_session *session, struct channel_subscription *subscription,
                          const struct subscribe_request *request)
{
    struct channel *channel = subscription->channel;
    bool is_first;

    channel_registry_lock_state(channel);
    subscription->member =
        channel_presence_join(channel->presence, request->user_id, request->user_info, &is_first);
    if (is_first && session->app->cluster != NULL)
        cluster_join(session->app->cluster,
                     pusher_app_key(session->app, CLUSTER_KEY_CHANNEL, channel_name(channel)),
                     (struct cluster_member){request->user_id, request->user_info});
    channel_registry_unlock_state(channel);
}

/* Where there are other nodes the answer waits until they all know: what they publish after it
 * arrives. */
static void join(struct pusher_session *session, const struct subscribe_request *request)
{
    struct pusher_app *app = session->app;
    struct pusher_worker *worker = session->worker;
    bool is_first;
    struct channel_subscription *subscription = channel_fanout_join(
        &worker->fanout, app->channels, request->channel, &session->subscriber, &is_first);

    session->channels_count++;
    if (subscription->channel->kind.is_presence)
        join_presence(session, subscription, request);
    pusher_subscribe_await(session, subscription);
}

/* Whether the subscription stands for the user that the request names. */
static bool is_same_member(const struct channel_subscription *subscription,
                           const struct subscribe_request *request)
{
    return subscription->member == NULL ||
           bytes_equal(channel_presence_user_id(subscription->member), request->user_id);
}

/* Subscribed already: answered as before, nothing changes. */
static void answer_again(struct pusher_session *session, struct channel_subscription *subscription,
                         struct bytes name)
{
    struct channel *channel = subscription->channel;
    struct buffer *out = pusher_worker_scratch(session->worker);

    if (!subscription->is_active)
        return; /* the first answer is still to come */
    if (channel->kind.is_presence) {
        channel_registry_lock_state(channel);
        pusher_encode_subscription_succeeded(out, name,
                                             channel_presence_snapshot(channel->presence));
        channel_registry_unlock_state(channel);
    } else {
        pusher_encode_subscription_succeeded(out, name, BYTES_NONE);
    }
    pusher_session_send(session, buffer_bytes(out));
}

static void subscribe(struct pusher_session *session, struct subscribe_request *request,
                      struct buffer *scratch)
{
    const struct channel_kind kind = channel_kind_of(request->channel);
    struct channel_subscription *subscription;

    if (kind.needs_auth && !is_authorized(session, request)) {
        refuse(session, request->channel, PUSHER_ERROR_UNAUTHORIZED);
        return;
    }
    if ((kind.needs_auth && !is_data_well_formed(request)) ||
        (kind.is_presence && !read_member(session, request, scratch))) {
        refuse(session, request->channel, PUSHER_ERROR_INVALID_MESSAGE);
        return;
    }
    subscription = pusher_session_subscription(session, request->channel);
    if (subscription != NULL && !is_same_member(subscription, request))
        refuse(session, request->channel, PUSHER_ERROR_UNAUTHORIZED);
    else if (subscription != NULL)
        answer_again(session, subscription, request->channel);
    else if (is_full(session))
        refuse(session, request->channel, PUSHER_ERROR_TOO_MANY_SUBSCRIPTIONS);
    else
        join(session, request);
}

/* The channel of the signed-in user, who receives its events either way. */
static void subscribe_to_user(struct pusher_session *session, struct bytes channel)
{
    if (session->user == NULL ||
        !bytes_equal(pusher_user_channel_user(channel), session->user->id)) {
        refuse(session, channel, PUSHER_ERROR_UNAUTHORIZED);
        return;
    }
    pusher_encode_subscription_succeeded(pusher_worker_scratch(session->worker), channel,
                                         BYTES_NONE);
    pusher_session_send(session, buffer_bytes(&session->worker->scratch));
}

void pusher_subscribe(struct pusher_session *session, struct pusher_decode_message *message)
{
    struct request_scratch scratch = {0};
    struct subscribe_request request;

    if (!read_request(message, &request, &scratch))
        refuse(session, request.channel, PUSHER_ERROR_INVALID_MESSAGE);
    else if (!pusher_limits_is_name(pusher_app_settings(session->app), request.channel))
        refuse(session, request.channel, PUSHER_ERROR_INVALID_NAME);
    else if (pusher_user_channel_is_one(request.channel))
        subscribe_to_user(session, request.channel);
    else
        subscribe(session, &request, &scratch.user_id);
    request_scratch_deinit(&scratch);
}

/* --- leaving -------------------------------------------------------------------------------- */

/* Under the state lock. */
static void hide_member(struct pusher_session *session, struct channel *channel,
                        struct bytes user_id)
{
    struct pusher_worker *worker = session->worker;

    if (pusher_member_unlist(worker->fanout.all, channel, user_id, &worker->scratch))
        PUSHER_OBSERVERS_NOTIFY(worker, on_member_removed, session->app, channel_name(channel),
                                user_id);
}

static void leave_presence(struct pusher_session *session,
                           struct channel_subscription *subscription)
{
    struct channel_presence_member *member = MOVE(subscription->member);
    const struct bytes user_id = channel_presence_user_id(member);
    struct channel *channel = subscription->channel;
    struct pusher_app *app = session->app;

    channel_registry_lock_state(channel);
    if (channel_presence_is_last(member)) {
        if (app->cluster != NULL)
            cluster_leave(app->cluster,
                          pusher_app_key(app, CLUSTER_KEY_CHANNEL, channel_name(channel)), user_id);
        if (!pusher_app_is_shared(app, CLUSTER_KEY_CHANNEL, channel_name(channel)))
            hide_member(session, channel, user_id);
    }
    channel_presence_leave(channel->presence, member);
    channel_registry_unlock_state(channel);
}

void pusher_subscribe_leave(struct pusher_session *session,
                            struct channel_subscription *subscription)
{
    struct channel *channel;
    bool is_last;

    session->channels_count--;
    if (subscription->member != NULL)
        leave_presence(session, subscription);
    channel = channel_fanout_leave(&session->worker->fanout, subscription, &is_last);
    if (!is_last)
        notify_count(session, channel);
    channel_unref(channel);
}

void pusher_subscribe_end(struct pusher_session *session, struct pusher_decode_message *message)
{
    struct request_scratch scratch = {0};
    struct channel_subscription *subscription;
    struct subscribe_request request;

    if (!read_request(message, &request, &scratch)) {
        pusher_session_send_error(session, PUSHER_ERROR_INVALID_MESSAGE);
    } else {
        subscription = pusher_session_subscription(session, request.channel);
        if (subscription != NULL)
            pusher_subscribe_leave(session, subscription);
    }
    request_scratch_deinit(&scratch);
}
