#include "pusher/signin.h"

#include "base/jsonwrite.h"
#include "base/mem.h"
#include "pusher/authority.h"
#include "pusher/encode.h"
#include "pusher/user_id.h"

struct credentials {
    struct bytes auth;
    struct bytes user_data;
    struct buffer auth_scratch;
    struct buffer user_data_scratch;
};

static bool read_credentials(struct pusher_decode_message *message, struct credentials *credentials)
{
    struct jsonscan_field fields[] = {{.name = BYTES("auth")}, {.name = BYTES("user_data")}};

    if (!pusher_decode_data(message, fields, 2) || fields[0].value.type != JSONSCAN_STRING ||
        fields[1].value.type != JSONSCAN_STRING)
        return false;
    credentials->auth = jsonscan_text(&fields[0].value, &credentials->auth_scratch);
    credentials->user_data = jsonscan_text(&fields[1].value, &credentials->user_data_scratch);
    return true;
}

static bool is_authentic(struct pusher_session *session, const struct credentials *credentials)
{
    struct buffer text = {0};
    bool is_signed;

    buffer_append_text(&text, "::user::");
    buffer_append_bytes(&text, credentials->user_data);
    is_signed = pusher_session_is_signed(session, buffer_bytes(&text), credentials->auth);
    buffer_deinit(&text);
    return is_signed;
}

/* The session becomes a receiver of the user's events, and is sent the answer. */
static void become(struct pusher_session *session, struct bytes id, struct bytes info_json,
                   struct bytes user_data)
{
    struct pusher_app *app = session->app;
    struct pusher_worker *worker = session->worker;
    struct pusher_session_user *user = mem_new(sizeof *user);
    bool is_first;

    user->id = bytes_clone(id);
    user->info_json = bytes_clone(info_json);
    session->user = user;
    session->backlog_account = pusher_app_backlog_account(app, id);
    user->subscription =
        channel_fanout_join(&worker->fanout, app->users, id, &session->subscriber, &is_first);
    pusher_encode_signin_success(pusher_worker_scratch(worker), user_data);
    user->welcome = ws_message_new(buffer_bytes(&worker->scratch));
    pusher_authority_sign_in(session);
}

void pusher_signin_end(struct pusher_session *session)
{
    struct pusher_session_user *user = session->user;
    bool is_last;

    if (user == NULL)
        return;
    session->user = NULL;
    channel_unref(channel_fanout_leave(&session->worker->fanout, user->subscription, &is_last));
    if (is_last)
        pusher_authority_notify_watchers(session->worker, session->app, user->id);
    ws_message_unref(user->welcome);
    bytes_free(&user->id);
    bytes_free(&user->info_json);
    free(user);
}

/* Counted as the new user before it is removed as the former one: watchers are not notified if it
 * signs in again as the same user. */
static void change_user(struct pusher_session *session, struct bytes id, struct bytes info_json,
                        struct bytes user_data)
{
    struct pusher_app *app = session->app;
    const size_t worker = session->worker->index;
    bool is_first;
    struct channel *channel = channel_registry_join(app->users, id, worker, &is_first);

    pusher_signin_end(session);
    become(session, id, info_json, user_data);
    channel_registry_leave(channel, worker, false);
    if (is_first)
        pusher_authority_notify_watchers(session->worker, app, id);
    channel_unref(channel);
}

/* Appends `user_data` with its `id`, a part of it, as a string: pusher-js accepts no other type. */
static void append_with_text_id(struct buffer *out, struct bytes user_data, struct bytes id)
{
    const size_t before = (size_t)(id.data - user_data.data);

    buffer_append(out, user_data.data, before);
    jsonwrite_string(out, id);
    buffer_append_bytes(out, bytes_from(user_data, before + id.len));
}

/* Signs in as the user in `user_data`; false if it has no valid user id. */
static bool sign_in(struct pusher_session *session, struct bytes user_data,
                    pusher_signin_watch_fn watch)
{
    struct jsonscan_field fields[] = {
        {.name = BYTES("id")}, {.name = BYTES("user_info")}, {.name = BYTES("watchlist")}};
    struct buffer scratch = {0};
    struct bytes id;
    bool is_user;

    is_user = jsonscan_object(user_data, fields, sizeof fields / sizeof fields[0]) &&
              pusher_user_id_read(&fields[0].value, &scratch, &id);
    if (is_user) {
        if (fields[0].value.type == JSONSCAN_NUMBER) {
            append_with_text_id(&scratch, user_data, id);
            user_data = buffer_bytes(&scratch);
        }
        watch(session, BYTES_NONE);
        change_user(session, id, fields[1].value.raw, user_data);
        if (session->state != PUSHER_SESSION_OVER && fields[2].value.type == JSONSCAN_ARRAY)
            watch(session, fields[2].value.raw);
    }
    buffer_deinit(&scratch);
    return is_user;
}

void pusher_signin(struct pusher_session *session, struct pusher_decode_message *message,
                   pusher_signin_watch_fn watch)
{
    struct credentials credentials = {0};

    if (!read_credentials(message, &credentials))
        pusher_session_send_error(session, PUSHER_ERROR_INVALID_MESSAGE);
    else if (!is_authentic(session, &credentials) ||
             !sign_in(session, credentials.user_data, watch))
        pusher_session_close_with_error(session, PUSHER_ERROR_UNAUTHORIZED);
    buffer_deinit(&credentials.auth_scratch);
    buffer_deinit(&credentials.user_data_scratch);
}
