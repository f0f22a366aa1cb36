/* HTTP requests by route and status: counted by the worker that answered.
 *
 * Thread: that worker adds; any thread reads.
 */
#pragma once

#include "metrics/metrics.h"

enum metrics_requests_route {
    METRICS_REQUESTS_OTHER, /* no route of ours, or a request that could not be parsed */
    METRICS_REQUESTS_EVENTS,
    METRICS_REQUESTS_BATCH_EVENTS,
    METRICS_REQUESTS_CONNECTIONS,
    METRICS_REQUESTS_CHANNELS,
    METRICS_REQUESTS_CHANNEL,
    METRICS_REQUESTS_CHANNEL_USERS,
    METRICS_REQUESTS_TERMINATE,
    METRICS_REQUESTS_WEBSOCKET,
    METRICS_REQUESTS_UP,
    METRICS_REQUESTS_ROUTES_COUNT,
};

/* The statuses that are counted by themselves, and one count for all others. */
#define METRICS_REQUESTS_STATUSES_COUNT 15

struct metrics_requests {
    struct metrics_counter counts[METRICS_REQUESTS_ROUTES_COUNT][METRICS_REQUESTS_STATUSES_COUNT];
};

void metrics_requests_add(struct metrics_requests *requests, enum metrics_requests_route route,
                          unsigned status);

/* Names for operators: "channel_users", "401"; "other". */
const char *metrics_requests_route_name(enum metrics_requests_route route);
const char *metrics_requests_status_name(size_t index);
