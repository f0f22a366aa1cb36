/* HTTP connections over socket pairs. Their requests are recorded, and the test answers them. */
#pragma once

#include "http/conn.h"
#include "support/fixture.h"

struct http_fixture {
    struct fixture *fixture;
    struct http_conn_settings settings;
    struct buffer received; /* a line for each request */
    struct buffer sent;     /* what has come to the peer */
    int peer;
    bool takes_over; /* the next request's connection is taken over */
    struct net_conn *taken;
    struct buffer rest;
    bool defers_responses;              /* responses are deferred until http_fixture_answer() */
    struct http_conn_deferral deferral; /* of the request that waits */
    struct buffer deferred_path;
    bool defers_requests;     /* requests are deferred until http_fixture_resume() */
    bool is_request_deferred; /* `deferral` is a deferred request */
    void (*on_received)(struct http_fixture *http); /* before the answer; may be NULL */
};

static inline void http_fixture_respond(struct http_conn *conn, struct bytes text)
{
    http_conn_respond(conn, &(struct http_response){
                                .status = 200, .content_type = BYTES("text/plain"), .body = text});
}

static inline void http_fixture_receive(struct http_conn *conn, const struct http_request *request,
                                        void *user)
{
    struct http_fixture *http = http_conn_user(conn);
    struct buffer *received = &http->received;

    (void)user;
    buffer_append_bytes(received, request->method);
    buffer_append_char(received, ' ');
    buffer_append_bytes(received, request->path);
    buffer_append_char(received, '?');
    buffer_append_bytes(received, request->query);
    buffer_printf(received, " 1.%u {", request->version_minor);
    for (size_t i = 0; i < request->headers_count; i++) {
        buffer_append_bytes(received, request->headers[i].name);
        buffer_append_char(received, '=');
        buffer_append_bytes(received, request->headers[i].value);
        buffer_append_char(received, ';');
    }
    buffer_append_text(received, "} ");
    buffer_append_bytes(received, request->body);
    buffer_append_char(received, '\n');
    if (http->on_received != NULL)
        http->on_received(http);
    if (http->takes_over) {
        struct bytes rest;

        http->taken = http_conn_take_over(conn, &rest);
        buffer_append_bytes(&http->rest, rest);
        return;
    }
    if (http->defers_responses) {
        CHECK(http->deferral.conn == NULL);
        buffer_clear(&http->deferred_path);
        buffer_append_bytes(&http->deferred_path, request->path);
        http_conn_defer_response(conn, &http->deferral);
        return;
    }
    http_fixture_respond(conn, request->path);
}

static inline void http_fixture_on_request(struct http_conn *conn,
                                           const struct http_request *request)
{
    struct http_fixture *http = http_conn_user(conn);

    if (!http->defers_requests) {
        http_fixture_receive(conn, request, NULL);
        return;
    }
    CHECK(http->deferral.conn == NULL);
    http->is_request_deferred = true;
    http_conn_defer_request(conn, &http->deferral);
}

/* Handles the deferred request; there must be one. */
static inline void http_fixture_resume(struct http_fixture *http)
{
    CHECK(http->is_request_deferred);
    http->is_request_deferred = false;
    http_conn_resume(http->deferral.conn, http_fixture_receive, NULL);
}

/* Answers the request whose response is deferred; there must be one. */
static inline void http_fixture_answer(struct http_fixture *http)
{
    struct buffer path = http->deferred_path;

    http->deferred_path = (struct buffer){0}; /* sending may defer the next */
    http_fixture_respond(http->deferral.conn, buffer_bytes(&path));
    buffer_deinit(&path);
}

static inline void http_fixture_init(struct http_fixture *http, struct fixture *fixture,
                                     size_t request_bytes_max)
{
    *http = (struct http_fixture){.fixture = fixture, .peer = -1};
    list_init(&http->settings.conns);
    http->settings.request_bytes_max = request_bytes_max;
    http->settings.on_request = http_fixture_on_request;
    http->settings.user = http;
}

/* Opens a connection; forgets what was received and sent before. */
static inline void http_fixture_connect(struct http_fixture *http)
{
    const int fd = fixture_pair(http->fixture, &http->peer);

    buffer_clear(&http->received);
    buffer_clear(&http->sent);
    CHECK(http_conn_open(&http->fixture->loop, fd, NULL, &http->settings) != NULL);
}

/* Sends `data`; true while the connection is open. */
static inline bool http_fixture_feed(struct http_fixture *http, struct bytes data)
{
    const ssize_t len = send(http->peer, data.data, data.len, MSG_NOSIGNAL);

    CHECK(len == (ssize_t)data.len || (len < 0 && (errno == EPIPE || errno == ECONNRESET)));
    fixture_turn(http->fixture);
    return fixture_receive(http->peer, &http->sent) && len >= 0;
}

/* The status of the first response; 0 if there is none. */
static inline unsigned http_fixture_status(struct http_fixture *http)
{
    static const struct bytes start = {"HTTP/1.1 ", 9};

    if (!bytes_starts_with(buffer_bytes(&http->sent), start))
        return 0;
    return (unsigned)strtoul(buffer_text(&http->sent) + start.len, NULL, 10);
}

static inline void http_fixture_disconnect(struct http_fixture *http)
{
    if (http->peer >= 0)
        close(http->peer);
    http->peer = -1;
    FIXTURE_UNTIL(http->fixture, http->fixture->loop.connections_count == 0);
}

static inline void http_fixture_deinit(struct http_fixture *http)
{
    http_fixture_disconnect(http);
    CHECK(list_is_empty(&http->settings.conns));
    buffer_deinit(&http->received);
    buffer_deinit(&http->sent);
    buffer_deinit(&http->rest);
    buffer_deinit(&http->deferred_path);
}
