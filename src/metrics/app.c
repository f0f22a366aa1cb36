#include "metrics/app.h"

#include "base/check.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct metrics_app *metrics_app_new(size_t workers_count)
{
    const size_t len = workers_count * sizeof(struct metrics_app);
    struct metrics_app *metrics = aligned_alloc(_Alignof(struct metrics_app), len);

    CHECK(metrics != NULL);
    memset(metrics, 0, len);
    return metrics;
}

void metrics_app_free(struct metrics_app *metrics, size_t workers_count)
{
    for (size_t i = 0; i < workers_count; i++)
        free(atomic_load(&metrics[i].requests));
    free(metrics);
}

struct metrics_requests *metrics_app_requests(struct metrics_app *metrics)
{
    struct metrics_requests *requests =
        atomic_load_explicit(&metrics->requests, memory_order_relaxed);

    if (requests == NULL) {
        requests = mem_new(sizeof *requests);
        atomic_store_explicit(&metrics->requests, requests, memory_order_release);
    }
    return requests;
}

enum metrics_app_close metrics_app_close_of(unsigned code)
{
    switch (code) {
    case 0:
    case 1006:
        return METRICS_APP_CLOSE_ABNORMAL;
    case 1000:
    case 1005: /* a close frame without a code */
        return METRICS_APP_CLOSE_NORMAL;
    case 1001:
        return METRICS_APP_CLOSE_GOING_AWAY;
    case 1002:
        return METRICS_APP_CLOSE_PROTOCOL;
    case 1007:
        return METRICS_APP_CLOSE_INVALID_DATA;
    case 1009:
        return METRICS_APP_CLOSE_TOO_BIG;
    case 4001:
        return METRICS_APP_CLOSE_NO_APP;
    case 4004:
        return METRICS_APP_CLOSE_OVER_QUOTA;
    case 4009:
        return METRICS_APP_CLOSE_UNAUTHORIZED;
    case 4100:
        return METRICS_APP_CLOSE_BACK_OFF;
    case 4200:
        return METRICS_APP_CLOSE_RECONNECT;
    case 4201:
        return METRICS_APP_CLOSE_STALE;
    default:
        return METRICS_APP_CLOSE_OTHER;
    }
}
