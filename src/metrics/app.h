/* One worker's counters for one app: the metrics that have the app as a label.
 *
 * Thread: that worker adds; any thread reads.
 */
#pragma once

#include "metrics/requests.h"

/* How a connection ended: the WebSocket close code, from either side. Each code that the server
 * closes with has its own; of those that only clients send, 1001 has. */
enum metrics_app_close {
    METRICS_APP_CLOSE_NORMAL,       /* 1000 */
    METRICS_APP_CLOSE_GOING_AWAY,   /* 1001 */
    METRICS_APP_CLOSE_PROTOCOL,     /* 1002 */
    METRICS_APP_CLOSE_ABNORMAL,     /* 1006: the connection ended without a close frame */
    METRICS_APP_CLOSE_INVALID_DATA, /* 1007 */
    METRICS_APP_CLOSE_TOO_BIG,      /* 1009 */
    METRICS_APP_CLOSE_NO_APP,       /* 4001 */
    METRICS_APP_CLOSE_OVER_QUOTA,   /* 4004 */
    METRICS_APP_CLOSE_UNAUTHORIZED, /* 4009 */
    METRICS_APP_CLOSE_BACK_OFF,     /* 4100 */
    METRICS_APP_CLOSE_RECONNECT,    /* 4200 */
    METRICS_APP_CLOSE_STALE,        /* 4201 */
    METRICS_APP_CLOSE_OTHER,
    METRICS_APP_CLOSES_COUNT,
};

/* Why a client or publisher was refused. */
enum metrics_app_reject {
    METRICS_APP_REJECT_SIGNATURE, /* of a request to the API */
    METRICS_APP_REJECT_KEY,       /* no app has that key or id */
    METRICS_APP_REJECT_TIMESTAMP, /* of a request to the API */
    METRICS_APP_REJECT_ORIGIN,
    METRICS_APP_REJECT_QUOTA,    /* max_connections, max_subscriptions */
    METRICS_APP_REJECT_CAPACITY, /* no open file is left */
    METRICS_APP_REJECT_AUTH,     /* of a subscription, or a sign-in */
    METRICS_APP_REJECT_RATE,
    METRICS_APP_REJECT_SIZE,    /* of a message or a request */
    METRICS_APP_REJECT_ADDRESS, /* address_limits */
    METRICS_APP_REJECT_PROXY,   /* no header of the PROXY protocol */
    METRICS_APP_REJECT_MESSAGE, /* a message that was invalid or not allowed */
    METRICS_APP_REJECTS_COUNT,
};

struct metrics_app {
    alignas(64) struct metrics_counter connections_opened;
    struct metrics_counter connections_closed[METRICS_APP_CLOSES_COUNT];
    struct metrics_counter messages_received;
    struct metrics_counter messages_sent;
    struct metrics_counter bytes_received; /* of messages, without frames and compression */
    struct metrics_counter bytes_sent;
    struct metrics_counter events_published;
    struct metrics_counter rejected[METRICS_APP_REJECTS_COUNT];
    _Atomic(struct metrics_requests *) requests; /* NULL: there was none */
};

/* One for each worker, zeroed. */
struct metrics_app *metrics_app_new(size_t workers_count);
void metrics_app_free(struct metrics_app *metrics, size_t workers_count);

/* The worker's. Most apps of a large configuration are idle, so it is made for the first request.
 */
struct metrics_requests *metrics_app_requests(struct metrics_app *metrics);

/* The counter of a close code; 0 means no close frame. */
enum metrics_app_close metrics_app_close_of(unsigned code);
