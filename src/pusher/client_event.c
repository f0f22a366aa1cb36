#include "pusher/client_event.h"

#include "base/jsonwrite.h"
#include "pusher/encode.h"
#include "pusher/limits.h"
#include "pusher/publish.h"

bool pusher_client_event_is_one(const struct pusher_decode_message *message)
{
    return bytes_starts_with(message->event, BYTES("client-"));
}

static void forward(struct pusher_session *session, const struct pusher_decode_message *message,
                    struct pusher_publish_target *target, struct bytes user_id)
{
    struct buffer *out = pusher_worker_scratch(session->worker);
    struct buffer event_json = {0};
    struct ws_message *event;

    jsonwrite_string(&event_json, message->event);
    pusher_encode_broadcast(out, buffer_bytes(&event_json), message->channel.raw, message->data.raw,
                            user_id);
    event = ws_message_new(buffer_bytes(out));
    if (pusher_publish_is_possible(session->worker, target)) {
        PUSHER_OBSERVERS_NOTIFY(session->worker, on_client_event, session, target->name,
                                message->event, message->data.raw, user_id);
        pusher_publish_of_client(session->worker, target, event, session->socket_id);
    } else {
        pusher_session_send_error(session, PUSHER_ERROR_OVER_CAPACITY);
    }
    ws_message_unref(event);
    buffer_deinit(&event_json);
}

static bool is_allowed_kind(const struct config_app *app, struct bytes channel)
{
    return app->public_client_events || channel_kind_of(channel).needs_auth;
}

static void send_to_channel(struct pusher_session *session,
                            const struct pusher_decode_message *message, struct bytes name)
{
    const struct config_app *app = pusher_app_settings(session->app);
    struct pusher_publish_target target;
    struct channel_subscription *subscription;
    struct bytes user_id = BYTES_NONE;

    if (app->accept_client_events_from == CONFIG_CLIENT_EVENTS_NONE) {
        pusher_session_send_error(session, PUSHER_ERROR_CLIENT_EVENTS_OFF);
        return;
    }
    if (!is_allowed_kind(app, name)) {
        pusher_session_send_error(session, PUSHER_ERROR_CLIENT_EVENTS_PUBLIC);
        return;
    }
    subscription = pusher_session_subscription(session, name);
    if (subscription == NULL && app->accept_client_events_from == CONFIG_CLIENT_EVENTS_MEMBERS) {
        pusher_session_send_error(session, PUSHER_ERROR_NOT_A_MEMBER);
        return;
    }
    if (subscription != NULL && subscription->member != NULL)
        user_id = channel_presence_user_id(subscription->member);
    target = pusher_publish_target_of_client(session->app, name);
    if (pusher_publish_is_wanted(session->worker, &target))
        forward(session, message, &target, user_id);
    pusher_publish_target_release(&target);
}

void pusher_client_event(struct pusher_session *session, struct pusher_decode_message *message)
{
    struct buffer scratch = {0};

    if (message->channel.type != JSONSCAN_STRING)
        pusher_session_send_error(session, PUSHER_ERROR_INVALID_MESSAGE);
    else if (!pusher_limits_is_event_name(pusher_app_settings(session->app), message->event))
        pusher_session_send_error(session, PUSHER_ERROR_INVALID_NAME);
    else
        send_to_channel(session, message, jsonscan_text(&message->channel, &scratch));
    buffer_deinit(&scratch);
}
