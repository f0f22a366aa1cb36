/* A WebSocket connection after its handshake: messages in, frames out. RFC 6455.
 *
 * Thread: owner, the worker that accepted it. Only messages cross to other workers.
 * Life: ws_conn_open() to `on_closed`. The struct lies in the caller's memory and must stay there
 * until then. Memory: an idle connection owns no buffer; one that is in the middle of a message
 * owns that.
 */
#pragma once

#include "net/conn.h"
#include "ws/close.h"
#include "ws/deflate.h"
#include "ws/frame.h"
#include "ws/message.h"

struct ws_conn;

struct ws_conn_events {
    /* A whole message, its UTF-8 checked; borrowed until it returns. */
    void (*on_message)(struct ws_conn *conn, struct bytes message, bool is_text);
    /* A ping, pong or close frame came. Pings are answered already; `on_ending` follows a close
     * frame. */
    void (*on_control)(struct ws_conn *conn, enum ws_frame_opcode opcode);
    void (*on_timer)(struct ws_conn *conn, uint64_t now_ms);
    /* The peer has an output backlog and takes nothing any more (net/backlog.h). */
    void (*on_stalled)(struct ws_conn *conn);
    /* As in net_conn_events. */
    struct net_chunk_holder (*holder)(struct ws_conn *conn);
    /* The peer ends the connection, or breaks the protocol: no message comes any more. */
    void (*on_ending)(struct ws_conn *conn, uint16_t code);
    /* The last call. It also comes after ws_conn_close(), and without `on_ending` if the connection
     * broke. */
    void (*on_closed)(struct ws_conn *conn);
};

/* What the connections of one worker share. */
struct ws_conn_settings {
    const struct ws_conn_events *events;
    struct ws_deflate *deflate; /* NULL if compression is off */
};

struct ws_conn {
    struct net_conn *net;
    const struct ws_conn_settings *settings;
    struct ws_conn_partial *partial; /* NULL between messages */
    uint32_t message_bytes_max;
    uint8_t form; /* enum ws_deflate_form: the form in which messages are sent */
    uint8_t state;
};

/* Takes `net` over. Bytes that came behind the handshake are passed to ws_conn_receive()
 * afterwards. */
void ws_conn_open(struct ws_conn *conn, struct net_conn *net,
                  const struct ws_conn_settings *settings, enum ws_deflate_form form,
                  size_t message_bytes_max);

/* Bytes as they come from the network; `data` may be changed in place. */
void ws_conn_receive(struct ws_conn *conn, char *data, size_t len);

/* Queues a text message for this connection alone; what a turn queues leaves in one write. This and
 * the next three: false, and nothing is queued, for a slow reader (net/backlog.h); the caller
 * decides what to do then. Nothing happens on a connection that is closing. */
bool ws_conn_send_text(struct ws_conn *conn, struct bytes text);
bool ws_conn_send_ping(struct ws_conn *conn);

/* Frames that many receivers share, by reference, in the form of this connection. The first sends
 * them at once if nothing is queued before them; the second queues them from `offset` on for the
 * end of the turn. */
bool ws_conn_send_frames(struct ws_conn *conn, struct net_chunk *frames);
bool ws_conn_queue_frames(struct ws_conn *conn, struct net_chunk *frames, size_t offset);

void ws_conn_set_timer(struct ws_conn *conn, uint64_t due_ms);

/* Sends a close frame behind what is queued, waits for the peer's within bounded time, and closes.
 */
void ws_conn_close(struct ws_conn *conn, uint16_t code, struct bytes reason);

/* When the peer last took something of its output backlog, on the loop's clock; 0 if it has none.
 */
uint64_t ws_conn_progress_ms(const struct ws_conn *conn);

/* Whether bytes that the peer has sent wait to be handled. */
bool ws_conn_is_held(const struct ws_conn *conn);

bool ws_conn_is_open(const struct ws_conn *conn);
struct net_loop *ws_conn_loop(const struct ws_conn *conn);
