#include "metrics/requests.h"

#include <assert.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define STATUS(number)    \
    {                     \
        (number), #number \
    }

/* The most frequent first. */
static const struct {
    unsigned status;
    const char *name;
} statuses[] = {
    STATUS(200), STATUS(101), STATUS(401), STATUS(404), STATUS(422), STATUS(400), STATUS(413),
    STATUS(429), STATUS(503), STATUS(405), STATUS(426), STATUS(408), STATUS(403), STATUS(431),
};

static const char *const routes[] = {
    [METRICS_REQUESTS_OTHER] = "other",
    [METRICS_REQUESTS_EVENTS] = "events",
    [METRICS_REQUESTS_BATCH_EVENTS] = "batch_events",
    [METRICS_REQUESTS_CONNECTIONS] = "connections",
    [METRICS_REQUESTS_CHANNELS] = "channels",
    [METRICS_REQUESTS_CHANNEL] = "channel",
    [METRICS_REQUESTS_CHANNEL_USERS] = "channel_users",
    [METRICS_REQUESTS_TERMINATE] = "terminate_connections",
    [METRICS_REQUESTS_WEBSOCKET] = "websocket",
    [METRICS_REQUESTS_UP] = "up",
};

static_assert(COUNT(statuses) + 1 == METRICS_REQUESTS_STATUSES_COUNT, "and all others");
static_assert(COUNT(routes) == METRICS_REQUESTS_ROUTES_COUNT, "a name for each");

void metrics_requests_add(struct metrics_requests *requests, enum metrics_requests_route route,
                          unsigned status)
{
    size_t index = 0;

    while (index < COUNT(statuses) && statuses[index].status != status)
        index++;
    metrics_add(&requests->counts[route][index], 1);
}

const char *metrics_requests_route_name(enum metrics_requests_route route)
{
    return routes[route];
}

const char *metrics_requests_status_name(size_t index)
{
    return index < COUNT(statuses) ? statuses[index].name : "other";
}
