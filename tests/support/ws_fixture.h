/* One WebSocket connection over a socket pair, which records the events that its owner gets. */
#pragma once

#include "support/fixture.h"
#include "support/ws_peer.h"
#include "ws/conn.h"

struct ws_fixture {
    struct ws_conn ws; /* first: its address is the fixture's */
    struct fixture *fixture;
    struct ws_conn_settings settings;
    struct buffer received; /* "text:hello;ping;ending:1000;closed;" */
    struct buffer sent;     /* what has come to the peer */
    int peer;
    bool is_closed;
    bool ends_at_message; /* the owner closes on the first message, with 4200 */
    bool cuts_at_message; /* the owner cuts the connection on the first message */
};

static inline void ws_fixture_on_message(struct ws_conn *ws, struct bytes message, bool is_text)
{
    struct ws_fixture *fixture = (struct ws_fixture *)ws;

    CHECK(!fixture->is_closed);
    buffer_append_text(&fixture->received, is_text ? "text:" : "binary:");
    buffer_append_bytes(&fixture->received, message);
    buffer_append_char(&fixture->received, ';');
    if (fixture->ends_at_message)
        ws_conn_close(ws, 4200, BYTES("enough"));
    if (fixture->cuts_at_message)
        net_conn_close(ws->net);
}

static inline void ws_fixture_on_control(struct ws_conn *ws, enum ws_frame_opcode opcode)
{
    struct ws_fixture *fixture = (struct ws_fixture *)ws;

    CHECK(!fixture->is_closed);
    buffer_append_text(&fixture->received, opcode == WS_FRAME_PING   ? "ping;"
                                           : opcode == WS_FRAME_PONG ? "pong;"
                                                                     : "close;");
}

static inline void ws_fixture_on_timer(struct ws_conn *ws, uint64_t now_ms)
{
    (void)now_ms;
    buffer_append_text(&((struct ws_fixture *)ws)->received, "timer;");
}

static inline void ws_fixture_on_ending(struct ws_conn *ws, uint16_t code)
{
    buffer_printf(&((struct ws_fixture *)ws)->received, "ending:%u;", code);
}

static inline void ws_fixture_on_closed(struct ws_conn *ws)
{
    struct ws_fixture *fixture = (struct ws_fixture *)ws;

    CHECK(!fixture->is_closed);
    fixture->is_closed = true;
    buffer_append_text(&fixture->received, "closed;");
}

static const struct ws_conn_events ws_fixture_events = {
    .on_message = ws_fixture_on_message,
    .on_control = ws_fixture_on_control,
    .on_timer = ws_fixture_on_timer,
    .on_ending = ws_fixture_on_ending,
    .on_closed = ws_fixture_on_closed,
};

static const struct net_conn_events ws_fixture_no_events = {0};

/* `deflate` may be NULL. */
static inline void ws_fixture_open(struct ws_fixture *ws, struct fixture *fixture,
                                   struct ws_deflate *deflate, enum ws_deflate_form form,
                                   size_t message_bytes_max)
{
    struct net_conn *net;
    int fd;

    *ws = (struct ws_fixture){.fixture = fixture};
    ws->settings = (struct ws_conn_settings){.events = &ws_fixture_events, .deflate = deflate};
    fd = fixture_pair(fixture, &ws->peer);
    net = net_conn_open(&fixture->loop, fd, NULL, &ws_fixture_no_events, NULL);
    CHECK(net != NULL);
    ws_conn_open(&ws->ws, net, &ws->settings, form, message_bytes_max);
}

static inline void ws_fixture_feed(struct ws_fixture *ws, struct bytes data)
{
    /* A peer that writes after the end gets an error. */
    const ssize_t len = send(ws->peer, data.data, data.len, MSG_NOSIGNAL);

    CHECK(len == (ssize_t)data.len || (len < 0 && errno == EPIPE));
    fixture_turn(ws->fixture);
    fixture_receive(ws->peer, &ws->sent);
}

/* Disconnects the peer and releases everything. */
static inline void ws_fixture_close(struct ws_fixture *ws)
{
    if (ws->peer >= 0) {
        fixture_receive(ws->peer, &ws->sent);
        close(ws->peer);
        ws->peer = -1;
    }
    FIXTURE_UNTIL(ws->fixture, ws->is_closed);
}

static inline void ws_fixture_deinit(struct ws_fixture *ws)
{
    buffer_deinit(&ws->received);
    buffer_deinit(&ws->sent);
}
