/* One WebSocket connection over a socket pair, which writes down what it tells its owner. */
#pragma once

#include "support/rig.h"
#include "support/ws_peer.h"
#include "ws/conn.h"

struct ws_rig {
    struct ws_conn ws; /* first: its address is the rig's */
    struct rig *rig;
    struct ws_conn_settings settings;
    struct buffer heard; /* "text:hello;ping;ending:1000;closed;" */
    struct buffer sent;  /* what has come to the peer */
    int peer;
    bool is_closed;
    bool ends_at_message; /* the owner closes on the first message, with 4200 */
    bool cuts_at_message; /* the owner cuts the connection on the first message */
};

static inline void ws_rig_on_message(struct ws_conn *ws, struct bytes message, bool is_text)
{
    struct ws_rig *rig = (struct ws_rig *)ws;

    CHECK(!rig->is_closed);
    buffer_append_text(&rig->heard, is_text ? "text:" : "binary:");
    buffer_append_bytes(&rig->heard, message);
    buffer_append_char(&rig->heard, ';');
    if (rig->ends_at_message)
        ws_conn_close(ws, 4200, BYTES("enough"));
    if (rig->cuts_at_message)
        net_conn_close(ws->net);
}

static inline void ws_rig_on_control(struct ws_conn *ws, bool is_ping)
{
    struct ws_rig *rig = (struct ws_rig *)ws;

    CHECK(!rig->is_closed);
    buffer_append_text(&rig->heard, is_ping ? "ping;" : "pong;");
}

static inline void ws_rig_on_timer(struct ws_conn *ws, uint64_t now_ms)
{
    (void)now_ms;
    buffer_append_text(&((struct ws_rig *)ws)->heard, "timer;");
}

static inline void ws_rig_on_ending(struct ws_conn *ws, uint16_t code)
{
    buffer_printf(&((struct ws_rig *)ws)->heard, "ending:%u;", code);
}

static inline void ws_rig_on_closed(struct ws_conn *ws)
{
    struct ws_rig *rig = (struct ws_rig *)ws;

    CHECK(!rig->is_closed);
    rig->is_closed = true;
    buffer_append_text(&rig->heard, "closed;");
}

static const struct ws_conn_events ws_rig_events = {
    .on_message = ws_rig_on_message,
    .on_control = ws_rig_on_control,
    .on_timer = ws_rig_on_timer,
    .on_ending = ws_rig_on_ending,
    .on_closed = ws_rig_on_closed,
};

static const struct net_conn_events ws_rig_no_events = {0};

/* `deflate` may be NULL. */
static inline void ws_rig_open(struct ws_rig *ws, struct rig *rig, struct ws_deflate *deflate,
                               enum ws_deflate_form form, size_t message_bytes_max)
{
    struct net_conn *net;
    int fd;

    *ws = (struct ws_rig){.rig = rig};
    ws->settings = (struct ws_conn_settings){.events = &ws_rig_events, .deflate = deflate};
    fd = rig_pair(rig, &ws->peer);
    net = net_conn_open(&rig->loop, fd, NULL, &ws_rig_no_events, NULL);
    CHECK(net != NULL);
    ws_conn_open(&ws->ws, net, &ws->settings, form, message_bytes_max);
}

static inline void ws_rig_feed(struct ws_rig *ws, struct bytes data)
{
    /* A peer that has ended hears so when it writes. */
    const ssize_t len = send(ws->peer, data.data, data.len, MSG_NOSIGNAL);

    CHECK(len == (ssize_t)data.len || (len < 0 && errno == EPIPE));
    rig_turn(ws->rig);
    rig_receive(ws->peer, &ws->sent);
}

/* The peer goes, and what is left is cleared up. */
static inline void ws_rig_close(struct ws_rig *ws)
{
    if (ws->peer >= 0) {
        rig_receive(ws->peer, &ws->sent);
        close(ws->peer);
        ws->peer = -1;
    }
    RIG_UNTIL(ws->rig, ws->is_closed);
}

static inline void ws_rig_deinit(struct ws_rig *ws)
{
    buffer_deinit(&ws->heard);
    buffer_deinit(&ws->sent);
}
