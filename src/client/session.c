#include "client/session.h"

#include "base/jsonscan.h"
#include "base/jsonwrite.h"
#include "client/frame.h"
#include "client/response.h"
#include "pusher/auth.h"

#include <errno.h>
#include <string.h>

#define READ_LEN 16384

static bool fail(struct buffer *error, const char *why)
{
    buffer_append_text(error, why);
    return false;
}

static bool send_frame(struct client_session *session, enum ws_frame_opcode opcode,
                       struct bytes payload)
{
    struct buffer frame = {0};
    bool is_sent;

    client_frame_append(&frame, opcode, payload);
    is_sent = client_stream_write(&session->stream, buffer_bytes(&frame));
    buffer_deinit(&frame);
    return is_sent;
}

bool client_session_send(struct client_session *session, struct bytes text)
{
    return send_frame(session, WS_FRAME_TEXT, text);
}

/* --- what comes in -------------------------------------------------------------------------- */

static struct bytes unread(const struct client_session *session)
{
    return bytes_from(buffer_bytes(&session->in), session->in_used);
}

static bool read_more(struct client_session *session, struct buffer *error)
{
    ssize_t len;

    buffer_consume(&session->in, session->in_used);
    session->in_used = 0;
    len = client_stream_read(&session->stream, buffer_reserve(&session->in, READ_LEN), READ_LEN);
    if (len == 0)
        return fail(error, "the server closed the connection");
    if (len < 0)
        return fail(error, errno == EAGAIN ? "the server does not answer" : strerror(errno));
    session->in.len += (size_t)len;
    return true;
}

/* Whether the frame is a text message for the caller; handles all others. */
static bool is_for_caller(struct client_session *session, const struct client_frame *frame)
{
    /* No event of an application begins so. */
    static const struct bytes ping = BYTES("{\"event\":\"pusher:ping\"");

    if (frame->opcode == WS_FRAME_PING)
        send_frame(session, WS_FRAME_PONG, frame->payload);
    if (frame->opcode != WS_FRAME_TEXT)
        return false;
    if (!bytes_starts_with(frame->payload, ping))
        return true;
    client_session_send(session, BYTES("{\"event\":\"pusher:pong\"}"));
    return false;
}

bool client_session_next(struct client_session *session, struct bytes *text, struct buffer *error)
{
    for (;;) {
        struct client_frame frame;
        const ssize_t used = client_frame_parse(unread(session), &frame);

        if (used < 0)
            return fail(error, "the server sent no WebSocket frame");
        if (used == 0) {
            if (!read_more(session, error))
                return false;
            continue;
        }
        session->in_used += (size_t)used;
        if (frame.opcode == WS_FRAME_CLOSE)
            return fail(error, "the server closed the connection");
        *text = frame.payload;
        if (is_for_caller(session, &frame))
            return true;
    }
}

/* Hands out the complete frames at the beginning of `in`. Returns their length, or -1. */
static ssize_t hand_out(struct client_session *session, struct bytes in,
                        client_session_text_fn on_text, void *user)
{
    size_t used = 0;

    for (;;) {
        struct client_frame frame;
        const ssize_t len = client_frame_parse(bytes_from(in, used), &frame);

        if (len <= 0)
            return len < 0 ? -1 : (ssize_t)used;
        used += (size_t)len;
        if (frame.opcode == WS_FRAME_CLOSE)
            return -1;
        if (is_for_caller(session, &frame))
            on_text(user, frame.payload);
    }
}

/* An incomplete frame that came before is in `in`; usually there is none. */
static bool take(struct client_session *session, struct bytes data, client_session_text_fn on_text,
                 void *user)
{
    ssize_t used;

    if (session->in.len > session->in_used) {
        buffer_append_bytes(&session->in, data);
        used = hand_out(session, unread(session), on_text, user);
        if (used > 0)
            session->in_used += (size_t)used;
    } else {
        buffer_clear(&session->in);
        session->in_used = 0;
        used = hand_out(session, data, on_text, user);
        if (used >= 0 && (size_t)used < data.len)
            buffer_append_bytes(&session->in, bytes_from(data, (size_t)used));
    }
    if (session->in_used == session->in.len) {
        buffer_deinit(&session->in);
        session->in_used = 0;
    }
    return used >= 0;
}

bool client_session_receive(struct client_session *session, char *scratch, size_t scratch_len,
                            client_session_text_fn on_text, void *user)
{
    ssize_t len;

    do {
        len = client_stream_read(&session->stream, scratch, scratch_len);
        if (len == 0 || (len < 0 && errno != EAGAIN))
            return false;
        if (len > 0 && !take(session, (struct bytes){scratch, (size_t)len}, on_text, user))
            return false;
        /* OpenSSL may have buffered more than poll() reports. */
    } while (len == (ssize_t)scratch_len || (len > 0 && session->stream.tls != NULL));
    return true;
}

/* --- the protocol --------------------------------------------------------------------------- */

bool client_session_open(struct client_session *session, const struct client_server *server,
                         struct buffer *error)
{
    struct buffer request = {0};
    bool is_sent;

    *session = (struct client_session){.server = server};
    if (!client_stream_open(&session->stream, server, error))
        return false;
    client_request_handshake(&request, server, session->key);
    is_sent = client_stream_write(&session->stream, buffer_bytes(&request));
    buffer_deinit(&request);
    if (is_sent)
        return true;
    client_session_close(session);
    return fail(error, "the server closed the connection");
}

static bool await_upgrade(struct client_session *session, struct buffer *error)
{
    struct client_response response;
    ssize_t used;

    while ((used = client_response_parse(unread(session), &response)) == 0)
        if (!read_more(session, error))
            return false;
    if (used < 0)
        return fail(error, "the server does not speak HTTP");
    if (response.status != 101) {
        buffer_printf(error, "the server answered %u %.*s to the handshake", response.status,
                      BYTES_ARGS(response.body));
        return false;
    }
    if (!client_request_is_accepted(session->key, response.accept))
        return fail(error, "the server's Sec-WebSocket-Accept is wrong");
    session->in_used += (size_t)used;
    return true;
}

static bool is_event(const struct jsonscan_field *event, struct bytes name)
{
    const struct bytes raw = event->value.raw;

    return event->value.type == JSONSCAN_STRING && raw.len == name.len + 2 &&
           memcmp(raw.data + 1, name.data, name.len) == 0;
}

/* Waits for an event; its `data` is borrowed from the session, or absent. */
static bool await(struct client_session *session, struct bytes event, struct jsonscan_value *data,
                  struct buffer *error)
{
    struct jsonscan_field fields[] = {{.name = BYTES("event")}, {.name = BYTES("data")}};
    struct bytes text;

    while (client_session_next(session, &text, error)) {
        if (!jsonscan_object(text, fields, 2))
            return fail(error, "the server sent no JSON");
        *data = fields[1].value;
        if (is_event(&fields[0], event))
            return true;
        if (is_event(&fields[0], BYTES("pusher:error"))) {
            buffer_printf(error, "the server answered: %.*s", BYTES_ARGS(text));
            return false;
        }
    }
    return false;
}

static bool read_socket_id(struct client_session *session, const struct jsonscan_value *data)
{
    struct jsonscan_field field = {.name = BYTES("socket_id")};
    struct buffer outer = {0};
    struct buffer inner = {0};
    struct bytes id = BYTES("");

    if (data->type == JSONSCAN_STRING && jsonscan_object(jsonscan_text(data, &outer), &field, 1) &&
        field.value.type == JSONSCAN_STRING)
        id = jsonscan_text(&field.value, &inner);
    if (id.len <= CLIENT_SESSION_SOCKET_ID_LEN_MAX)
        memcpy(session->socket_id, id.data, id.len);
    buffer_deinit(&outer);
    buffer_deinit(&inner);
    return session->socket_id[0] != '\0';
}

bool client_session_greet(struct client_session *session, struct buffer *error)
{
    struct jsonscan_value data;

    if (!await_upgrade(session, error) ||
        !await(session, BYTES("pusher:connection_established"), &data, error))
        return false;
    return read_socket_id(session, &data) || fail(error, "the server gave no socket id");
}

static void append_auth(struct buffer *out, const struct client_session *session,
                        struct bytes channel, struct bytes channel_data)
{
    const struct config_app *app = session->server->app;
    char signature[PUSHER_AUTH_HEX_LEN];
    struct buffer text = {0};

    buffer_printf(&text, "%s:%.*s", session->socket_id, BYTES_ARGS(channel));
    if (channel_data.data != NULL)
        buffer_printf(&text, ":%.*s", BYTES_ARGS(channel_data));
    pusher_auth_sign(app, buffer_bytes(&text), signature);
    buffer_printf(out, ",\"auth\":\"%s:%.*s\"", app->key, (int)sizeof signature, signature);
    if (channel_data.data != NULL) {
        buffer_append_text(out, ",\"channel_data\":");
        jsonwrite_string(out, channel_data);
    }
    buffer_deinit(&text);
}

bool client_session_subscribe(struct client_session *session, struct bytes channel,
                              struct bytes channel_data)
{
    struct buffer text = {0};
    bool is_sent;

    buffer_append_text(&text, "{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":");
    jsonwrite_string(&text, channel);
    if (bytes_starts_with(channel, BYTES("private-")) ||
        bytes_starts_with(channel, BYTES("presence-")))
        append_auth(&text, session, channel, channel_data);
    buffer_append_text(&text, "}}");
    is_sent = client_session_send(session, buffer_bytes(&text));
    buffer_deinit(&text);
    return is_sent;
}

bool client_session_signin(struct client_session *session, struct bytes user_data)
{
    const struct config_app *app = session->server->app;
    char signature[PUSHER_AUTH_HEX_LEN];
    struct buffer text = {0};
    bool is_sent;

    buffer_printf(&text, "%s::user::%.*s", session->socket_id, BYTES_ARGS(user_data));
    pusher_auth_sign(app, buffer_bytes(&text), signature);
    buffer_clear(&text);
    buffer_printf(&text,
                  "{\"event\":\"pusher:signin\",\"data\":{\"auth\":\"%s:%.*s\",\"user_data\":",
                  app->key, (int)sizeof signature, signature);
    jsonwrite_string(&text, user_data);
    buffer_append_text(&text, "}}");
    is_sent = client_session_send(session, buffer_bytes(&text));
    buffer_deinit(&text);
    return is_sent;
}

bool client_session_expect(struct client_session *session, struct bytes event, struct buffer *error)
{
    struct jsonscan_value data;

    return await(session, event, &data, error);
}

/* --- its end -------------------------------------------------------------------------------- */

void client_session_end(struct client_session *session)
{
    static const char normal[] = {WS_CLOSE_NORMAL >> 8, (char)(WS_CLOSE_NORMAL & 0xff)};
    char rest[4096];

    if (session->stream.fd >= 0 &&
        send_frame(session, WS_FRAME_CLOSE, (struct bytes){normal, sizeof normal}))
        while (client_stream_read(&session->stream, rest, sizeof rest) > 0)
            continue;
    client_session_close(session);
}

void client_session_close(struct client_session *session)
{
    client_stream_close(&session->stream);
    buffer_deinit(&session->in);
    session->in_used = 0;
}
