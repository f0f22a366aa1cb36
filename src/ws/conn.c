#include "ws/conn.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "ws/frame.h"

#include <string.h>

/* The time that the peer has to answer our close frame. */
#define CLOSE_MS 5000

enum state {
    STATE_OPEN,
    STATE_CLOSING, /* our close frame is sent, the peer's is awaited */
    STATE_ENDED,   /* nothing more is read */
};

/* State that exists only in the middle of a message or a frame. */
struct ws_conn_partial {
    struct buffer in;      /* an incomplete frame */
    struct buffer message; /* the fragments so far, unmasked */
    bool is_in_message;
    bool is_text;
    bool is_compressed;
};

static struct ws_conn_partial *partial_of(struct ws_conn *conn)
{
    if (conn->partial == NULL)
        conn->partial = mem_new(sizeof *conn->partial);
    return conn->partial;
}

static void partial_free(struct ws_conn *conn)
{
    if (conn->partial == NULL)
        return;
    buffer_deinit(&conn->partial->in);
    buffer_deinit(&conn->partial->message);
    free(conn->partial);
    conn->partial = NULL;
}

/* --- sending -------------------------------------------------------------------------------- */

static bool send_frame(struct ws_conn *conn, enum ws_frame_opcode opcode, bool is_compressed,
                       struct bytes payload)
{
    uint8_t header[WS_FRAME_SERVER_HEADER_LEN_MAX];
    size_t header_len = ws_frame_header(header, opcode, is_compressed, payload.len);

    return net_conn_write_pair(conn->net, (struct bytes){(const char *)header, header_len},
                               payload);
}

bool ws_conn_send_text(struct ws_conn *conn, struct bytes text)
{
    struct buffer compressed = {0};
    bool is_queued;

    if (conn->state != STATE_OPEN)
        return true;
    if (conn->form == WS_DEFLATE_PLAIN || text.len < WS_DEFLATE_LEN_MIN)
        return send_frame(conn, WS_FRAME_TEXT, false, text);
    ws_deflate_compress(conn->settings->deflate, conn->form, text, &compressed);
    is_queued = send_frame(conn, WS_FRAME_TEXT, true, buffer_bytes(&compressed));
    buffer_deinit(&compressed);
    return is_queued;
}

bool ws_conn_send_ping(struct ws_conn *conn)
{
    return conn->state != STATE_OPEN || send_frame(conn, WS_FRAME_PING, false, BYTES(""));
}

bool ws_conn_send_frames(struct ws_conn *conn, struct net_chunk *frames)
{
    return conn->state != STATE_OPEN || net_conn_send(conn->net, frames);
}

bool ws_conn_queue_frames(struct ws_conn *conn, struct net_chunk *frames, size_t offset)
{
    return conn->state != STATE_OPEN || net_conn_queue(conn->net, frames, offset);
}

static void send_close(struct ws_conn *conn, uint16_t code, struct bytes reason)
{
    uint8_t frame[WS_FRAME_SERVER_HEADER_LEN_MAX + WS_FRAME_CONTROL_PAYLOAD_LEN_MAX];
    size_t payload_len = 0;
    size_t len;

    if (code != WS_CLOSE_NO_STATUS) {
        if (reason.len > WS_FRAME_CONTROL_PAYLOAD_LEN_MAX - 2)
            reason.len = WS_FRAME_CONTROL_PAYLOAD_LEN_MAX - 2;
        payload_len = 2 + reason.len;
    }
    len = ws_frame_header(frame, WS_FRAME_CLOSE, false, payload_len);
    if (payload_len > 0) {
        frame[len++] = (uint8_t)(code >> 8);
        frame[len++] = (uint8_t)code;
        if (reason.len > 0)
            memcpy(frame + len, reason.data, reason.len);
        len += reason.len;
    }
    net_conn_write_last(conn->net, (struct bytes){(const char *)frame, len});
}

void ws_conn_close(struct ws_conn *conn, uint16_t code, struct bytes reason)
{
    if (conn->state != STATE_OPEN)
        return;
    conn->state = STATE_CLOSING;
    send_close(conn, code, reason);
    net_conn_set_timer(conn->net, net_loop_now_ms(net_conn_loop(conn->net)) + CLOSE_MS);
}

/* The peer ends the connection, properly or not: answer, and handle nothing more. */
static void end(struct ws_conn *conn, uint16_t code, struct bytes reason,
                void (*finish)(struct net_conn *net))
{
    const bool was_open = conn->state == STATE_OPEN;

    conn->state = STATE_ENDED;
    if (was_open)
        send_close(conn, code, reason);
    finish(conn->net);
    if (was_open)
        conn->settings->events->on_ending(conn, code);
}

static struct bytes reason_of(uint16_t code)
{
    switch (code) {
    case WS_CLOSE_PROTOCOL_ERROR:
        return BYTES("Protocol error");
    case WS_CLOSE_INVALID_DATA:
        return BYTES("Invalid data");
    case WS_CLOSE_TOO_BIG:
        return BYTES("Message too big");
    default:
        return BYTES("");
    }
}

static void fail(struct ws_conn *conn, uint16_t code)
{
    end(conn, code, reason_of(code), net_conn_finish);
}

/* --- receiving ------------------------------------------------------------------------------ */

/* `is_last`: nothing has come behind it. */
static void on_close_frame(struct ws_conn *conn, struct bytes payload, bool is_last)
{
    uint16_t code = WS_CLOSE_NO_STATUS;

    if (payload.len == 1) {
        fail(conn, WS_CLOSE_PROTOCOL_ERROR);
        return;
    }
    if (payload.len >= 2) {
        code = (uint16_t)((uint8_t)payload.data[0] << 8 | (uint8_t)payload.data[1]);
        if (!ws_close_is_valid(code)) {
            fail(conn, WS_CLOSE_PROTOCOL_ERROR);
            return;
        }
        if (!utf8_is_valid(bytes_from(payload, 2))) {
            fail(conn, WS_CLOSE_INVALID_DATA);
            return;
        }
    }
    if (conn->state == STATE_OPEN)
        conn->settings->events->on_control(conn, WS_FRAME_CLOSE);
    /* RFC 6455 section 5.5.1: nothing comes behind the peer's close frame. If something does, it is
     * read all the same: otherwise the system would reset the connection, and our answer would be
     * lost. */
    end(conn, code, BYTES(""), is_last ? net_conn_finish_at_once : net_conn_finish);
}

static void on_control_frame(struct ws_conn *conn, enum ws_frame_opcode opcode,
                             struct bytes payload, bool is_last)
{
    if (opcode == WS_FRAME_CLOSE) {
        on_close_frame(conn, payload, is_last);
        return;
    }
    if (conn->state != STATE_OPEN)
        return;
    if (opcode == WS_FRAME_PING && !send_frame(conn, WS_FRAME_PONG, false, payload)) {
        net_conn_close(conn->net); /* the peer floods us with pings and reads nothing */
        return;
    }
    conn->settings->events->on_control(conn, opcode);
}

static void on_whole_message(struct ws_conn *conn, struct bytes message, bool is_text,
                             bool is_compressed)
{
    struct buffer plain = {0};

    if (is_compressed) {
        int status = ws_deflate_decompress(conn->settings->deflate, message,
                                           conn->message_bytes_max, &plain);

        if (status < 0) {
            buffer_deinit(&plain);
            fail(conn, (uint16_t)-status);
            return;
        }
        message = buffer_bytes(&plain);
    }
    if (is_text && !utf8_is_valid(message))
        fail(conn, WS_CLOSE_INVALID_DATA);
    else
        conn->settings->events->on_message(conn, message, is_text);
    buffer_deinit(&plain);
}

static void on_data_frame(struct ws_conn *conn, const struct ws_frame *frame, struct bytes payload)
{
    struct ws_conn_partial *partial = conn->partial;
    const bool is_in_message = partial != NULL && partial->is_in_message;
    struct buffer message;

    if (is_in_message != (frame->opcode == WS_FRAME_CONTINUATION)) {
        fail(conn, WS_CLOSE_PROTOCOL_ERROR);
        return;
    }
    if (!is_in_message && frame->is_final) {
        on_whole_message(conn, payload, frame->opcode == WS_FRAME_TEXT, frame->is_compressed);
        return;
    }
    partial = partial_of(conn);
    if (!is_in_message) {
        partial->is_in_message = true;
        partial->is_text = frame->opcode == WS_FRAME_TEXT;
        partial->is_compressed = frame->is_compressed;
    }
    buffer_append_bytes(&partial->message, payload);
    if (!frame->is_final)
        return;
    message = partial->message;
    partial->message = (struct buffer){0};
    partial->is_in_message = false;
    on_whole_message(conn, buffer_bytes(&message), partial->is_text, partial->is_compressed);
    buffer_deinit(&message);
}

static bool reads_on(const struct ws_conn *conn)
{
    return conn->state != STATE_ENDED && !net_conn_is_closing(conn->net);
}

/* How many bytes the next frame may add to its message. */
static size_t payload_max(const struct ws_conn *conn)
{
    return conn->message_bytes_max - (conn->partial ? conn->partial->message.len : 0);
}

/* Handles each complete frame in `data`; returns how many bytes they had. */
static size_t handle_frames(struct ws_conn *conn, char *data, size_t len)
{
    size_t handled = 0;

    while (reads_on(conn)) {
        struct ws_frame frame;
        struct bytes payload;
        ssize_t header_len =
            ws_frame_parse((const uint8_t *)data + handled, len - handled, payload_max(conn),
                           conn->form != WS_DEFLATE_PLAIN, &frame);

        if (header_len < 0) {
            fail(conn, (uint16_t)-header_len);
            break;
        }
        if (header_len == 0 || len - handled - (size_t)header_len < frame.payload_len)
            break;
        handled += (size_t)header_len;
        payload = (struct bytes){data + handled, (size_t)frame.payload_len};
        ws_frame_mask(data + handled, payload.len, frame.mask);
        handled += payload.len;
        if (ws_frame_is_control(frame.opcode))
            on_control_frame(conn, frame.opcode, payload, handled == len);
        else if (conn->state == STATE_OPEN)
            on_data_frame(conn, &frame, payload);
        if (handled < len && conn->state == STATE_OPEN && net_conn_must_yield(conn->net)) {
            net_conn_yield(conn->net);
            break;
        }
    }
    return handled;
}

/* Appends to an incomplete frame. Its bytes are not moved until it is complete, so that many small
 * pieces cost no more than a few large ones. */
static void receive_more(struct ws_conn *conn, const char *data, size_t len)
{
    struct buffer *in = &conn->partial->in;

    buffer_append(in, data, len);
    buffer_consume(in, handle_frames(conn, in->data, in->len));
}

void ws_conn_receive(struct ws_conn *conn, char *data, size_t len)
{
    if (conn->partial != NULL && conn->partial->in.len > 0) {
        receive_more(conn, data, len);
    } else {
        const size_t handled = handle_frames(conn, data, len);

        if (reads_on(conn) && handled < len)
            buffer_append(&partial_of(conn)->in, data + handled, len - handled);
    }
    if (conn->partial != NULL && conn->partial->in.len == 0 && !conn->partial->is_in_message)
        partial_free(conn);
}

static void on_data(struct net_conn *net, char *data, size_t len)
{
    ws_conn_receive(net_conn_user(net), data, len);
}

static void on_end(struct net_conn *net)
{
    net_conn_close(net);
}

static void on_timer(struct net_conn *net, uint64_t now_ms)
{
    struct ws_conn *conn = net_conn_user(net);

    if (conn->state == STATE_OPEN)
        conn->settings->events->on_timer(conn, now_ms);
    else
        net_conn_close(net); /* our close frame was never answered */
}

static void on_stalled(struct net_conn *net)
{
    struct ws_conn *conn = net_conn_user(net);

    if (conn->state == STATE_OPEN)
        conn->settings->events->on_stalled(conn);
}

static struct net_chunk_holder holder_of(struct net_conn *net)
{
    struct ws_conn *conn = net_conn_user(net);

    if (conn->settings->events->holder == NULL)
        return (struct net_chunk_holder){NET_CHUNK_NOBODY, NET_CHUNK_NOBODY};
    return conn->settings->events->holder(conn);
}

static void on_closed(struct net_conn *net)
{
    struct ws_conn *conn = net_conn_user(net);

    conn->state = STATE_ENDED;
    partial_free(conn);
    conn->settings->events->on_closed(conn);
}

static const struct net_conn_events net_events = {
    .is_yielding = true,
    .on_data = on_data,
    .on_end = on_end,
    .on_timer = on_timer,
    .on_stalled = on_stalled,
    .holder = holder_of,
    .on_closed = on_closed,
};

/* --- life ----------------------------------------------------------------------------------- */

void ws_conn_open(struct ws_conn *conn, struct net_conn *net,
                  const struct ws_conn_settings *settings, enum ws_deflate_form form,
                  size_t message_bytes_max)
{
    CHECK(form == WS_DEFLATE_PLAIN || settings->deflate != NULL);
    CHECK(message_bytes_max <= UINT32_MAX);
    conn->net = net;
    conn->settings = settings;
    conn->partial = NULL;
    conn->message_bytes_max = (uint32_t)message_bytes_max;
    conn->form = (uint8_t)form;
    conn->state = STATE_OPEN;
    net_conn_hand_over(net, &net_events, conn);
}

void ws_conn_set_timer(struct ws_conn *conn, uint64_t due_ms)
{
    if (conn->state == STATE_OPEN)
        net_conn_set_timer(conn->net, due_ms);
}

uint64_t ws_conn_progress_ms(const struct ws_conn *conn)
{
    return net_conn_progress_ms(conn->net);
}

bool ws_conn_is_held(const struct ws_conn *conn)
{
    return net_conn_is_held(conn->net);
}

bool ws_conn_is_open(const struct ws_conn *conn)
{
    return conn->state == STATE_OPEN && !net_conn_is_closing(conn->net);
}

struct net_loop *ws_conn_loop(const struct ws_conn *conn)
{
    return net_conn_loop(conn->net);
}
