/* HTTP connections over socket pairs, whose requests are written down and answered by the test. */
#pragma once

#include "http/conn.h"
#include "support/rig.h"

struct http_rig {
    struct rig *rig;
    struct http_conn_settings settings;
    struct buffer heard; /* a line for each request */
    struct buffer sent;  /* what has come to the peer */
    int peer;
    bool takes_over; /* the next request's connection is taken over */
    struct net_conn *taken;
    struct buffer rest;
    bool holds;                 /* the next request is answered by http_rig_answer() */
    struct http_conn_hold hold; /* and this is its connection */
    struct buffer held_path;
    bool postpones;                          /* requests are heard by http_rig_go_on() */
    bool is_postponed;                       /* the one that is held */
    void (*on_heard)(struct http_rig *http); /* before the answer; may be NULL */
};

static inline void http_rig_respond(struct http_conn *conn, struct bytes text)
{
    http_conn_respond(conn, &(struct http_response){
                                .status = 200, .content_type = BYTES("text/plain"), .body = text});
}

static inline void http_rig_hear(struct http_conn *conn, const struct http_request *request,
                                 void *user)
{
    struct http_rig *http = http_conn_user(conn);
    struct buffer *heard = &http->heard;

    (void)user;
    buffer_append_bytes(heard, request->method);
    buffer_append_char(heard, ' ');
    buffer_append_bytes(heard, request->path);
    buffer_append_char(heard, '?');
    buffer_append_bytes(heard, request->query);
    buffer_printf(heard, " 1.%u {", request->version_minor);
    for (size_t i = 0; i < request->headers_count; i++) {
        buffer_append_bytes(heard, request->headers[i].name);
        buffer_append_char(heard, '=');
        buffer_append_bytes(heard, request->headers[i].value);
        buffer_append_char(heard, ';');
    }
    buffer_append_text(heard, "} ");
    buffer_append_bytes(heard, request->body);
    buffer_append_char(heard, '\n');
    if (http->on_heard != NULL)
        http->on_heard(http);
    if (http->takes_over) {
        struct bytes rest;

        http->taken = http_conn_take_over(conn, &rest);
        buffer_append_bytes(&http->rest, rest);
        return;
    }
    if (http->holds) {
        CHECK(http->hold.conn == NULL);
        buffer_clear(&http->held_path);
        buffer_append_bytes(&http->held_path, request->path);
        http_conn_hold(conn, &http->hold);
        return;
    }
    http_rig_respond(conn, request->path);
}

static inline void http_rig_on_request(struct http_conn *conn, const struct http_request *request)
{
    struct http_rig *http = http_conn_user(conn);

    if (!http->postpones) {
        http_rig_hear(conn, request, NULL);
        return;
    }
    CHECK(http->hold.conn == NULL);
    http->is_postponed = true;
    http_conn_postpone(conn, &http->hold);
}

/* Has the request heard that is postponed; there is one. */
static inline void http_rig_go_on(struct http_rig *http)
{
    CHECK(http->is_postponed);
    http->is_postponed = false;
    http_conn_go_on(http->hold.conn, http_rig_hear, NULL);
}

/* Answers the request that is held; there is one. */
static inline void http_rig_answer(struct http_rig *http)
{
    struct buffer path = http->held_path;

    http->held_path = (struct buffer){0}; /* the next may be held before this is over */
    http_rig_respond(http->hold.conn, buffer_bytes(&path));
    buffer_deinit(&path);
}

static inline void http_rig_init(struct http_rig *http, struct rig *rig, size_t request_bytes_max)
{
    *http = (struct http_rig){.rig = rig, .peer = -1};
    list_init(&http->settings.conns);
    http->settings.request_bytes_max = request_bytes_max;
    http->settings.on_request = http_rig_on_request;
    http->settings.user = http;
}

/* A connection; what was heard and sent before is forgotten. */
static inline void http_rig_connect(struct http_rig *http)
{
    const int fd = rig_pair(http->rig, &http->peer);

    buffer_clear(&http->heard);
    buffer_clear(&http->sent);
    CHECK(http_conn_open(&http->rig->loop, fd, NULL, &http->settings) != NULL);
}

/* True while the connection is open. */
static inline bool http_rig_feed(struct http_rig *http, struct bytes data)
{
    const ssize_t len = send(http->peer, data.data, data.len, MSG_NOSIGNAL);

    CHECK(len == (ssize_t)data.len || (len < 0 && (errno == EPIPE || errno == ECONNRESET)));
    rig_turn(http->rig);
    return rig_receive(http->peer, &http->sent) && len >= 0;
}

/* The status of the first answer; 0 where there is none. */
static inline unsigned http_rig_status(struct http_rig *http)
{
    static const struct bytes start = {"HTTP/1.1 ", 9};

    if (!bytes_starts_with(buffer_bytes(&http->sent), start))
        return 0;
    return (unsigned)strtoul(buffer_text(&http->sent) + start.len, NULL, 10);
}

static inline void http_rig_disconnect(struct http_rig *http)
{
    if (http->peer >= 0)
        close(http->peer);
    http->peer = -1;
    RIG_UNTIL(http->rig, http->rig->loop.connections_count == 0);
}

static inline void http_rig_deinit(struct http_rig *http)
{
    http_rig_disconnect(http);
    CHECK(list_is_empty(&http->settings.conns));
    buffer_deinit(&http->heard);
    buffer_deinit(&http->sent);
    buffer_deinit(&http->rest);
    buffer_deinit(&http->held_path);
}
