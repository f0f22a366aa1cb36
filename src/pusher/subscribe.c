#include "pusher/subscribe.h"

#include "net/backlog.h"
#include "pusher/authority.h"
#include "pusher/encode.h"
#include "pusher/limits.h"
#include "pusher/user_channel.h"
#include "pusher/user_id.h"

/* A client's request; borrowed from its message. */
struct subscribe_request {
    struct bytes channel;
    struct bytes auth;
    struct bytes channel_data; /* absent if none was sent */
    struct bytes user_id;      /* of a presence channel */
    struct bytes user_info;    /* JSON */
};

/* Buffers for those of its strings that have escapes. */
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

/* A string, or absent (also for null); false if it is another type. */
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

/* --- checks --------------------------------------------------------------------------------- */

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

/* Also sends a subscription error if the channel is known: clients wait for that one only. */
static void refuse(struct pusher_session *session, struct bytes channel, enum pusher_error error)
{
    struct buffer *out = pusher_worker_scratch(session->worker);

    pusher_session_refuse(session, error, channel);
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

/* Whether the list of the channel's members has no room for one more. */
static bool has_all_members(struct pusher_session *session, const struct subscribe_request *request)
{
    struct channel *channel = channel_registry_find(session->app->channels, request->channel);
    size_t len = 0;

    if (channel == NULL)
        return false;
    channel_registry_lock_state(channel);
    if (channel->presence != NULL)
        len = channel_presence_snapshot_len(channel->presence);
    channel_registry_unlock_state(channel);
    channel_unref(channel);
    return len + request->user_id.len + request->user_info.len > session->worker->members_bytes_max;
}

/* Whether the user's connections have read enough of what they were sent: each that joins is sent
 * all members. */
static bool may_be_sent_members(struct pusher_session *session,
                                const struct subscribe_request *request)
{
    session->backlog_account = pusher_app_backlog_account(session->app, request->user_id);
    return !net_backlog_is_user_full(session->backlog_account,
                                     session->worker->loop->backlog_bytes_max);
}

/* The data that a signature covers beside the channel must be a JSON object: else a signature for
 * the channel `private-a:x` would be valid for `private-a` with `x` as its data. */
static bool is_data_well_formed(const struct subscribe_request *request)
{
    return request->channel_data.data == NULL || jsonscan_object(request->channel_data, NULL, 0);
}

/* From here on a user id is a text. */
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

/* If there are other nodes, the answer waits until all of them know of the subscription: what they
 * publish after it arrives. */
static void join(struct pusher_session *session, const struct subscribe_request *request)
{
    struct pusher_app *app = session->app;
    struct pusher_worker *worker = session->worker;
    bool is_first;
    struct channel_subscription *subscription = channel_fanout_join(
        &worker->fanout, app->channels, request->channel, &session->subscriber, &is_first);

    subscription->requested_ns = uv_hrtime();
    session->channels_count++;
    if (subscription->channel->kind.is_presence)
        pusher_authority_join(session, subscription, request->user_id, request->user_info);
    pusher_authority_subscribe(session, subscription);
}

/* Whether the subscription is of the user in the request. */
static bool is_same_member(const struct channel_subscription *subscription,
                           const struct subscribe_request *request)
{
    return subscription->member == NULL ||
           bytes_equal(channel_presence_user_id(subscription->member), request->user_id);
}

/* Subscribed already: sends the same answer and changes nothing. */
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
    if (kind.is_presence && !may_be_sent_members(session, request)) {
        refuse(session, request->channel, PUSHER_ERROR_TOO_MUCH_UNREAD);
        return;
    }
    subscription = pusher_session_subscription(session, request->channel);
    if (subscription != NULL && !is_same_member(subscription, request))
        refuse(session, request->channel, PUSHER_ERROR_UNAUTHORIZED);
    else if (subscription != NULL)
        answer_again(session, subscription, request->channel);
    else if (is_full(session))
        refuse(session, request->channel, PUSHER_ERROR_TOO_MANY_SUBSCRIPTIONS);
    else if (kind.is_presence && has_all_members(session, request))
        refuse(session, request->channel, PUSHER_ERROR_TOO_MANY_MEMBERS);
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

void pusher_subscribe_leave(struct pusher_session *session,
                            struct channel_subscription *subscription)
{
    struct channel *channel;
    bool is_last;

    session->channels_count--;
    if (subscription->member != NULL)
        pusher_authority_leave(session, subscription);
    channel = channel_fanout_leave(&session->worker->fanout, subscription, &is_last);
    if (!is_last)
        pusher_authority_unsubscribe(session, channel);
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
