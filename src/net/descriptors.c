#include "net/descriptors.h"

#include <sys/resource.h>

/* Descriptors of the process itself: libraries, logs, listeners, wake-ups, the control socket. */
#define OWN_COUNT 48
/* Reserved for publishers: a tenth, within these bounds. */
#define PUBLISHERS_COUNT_MIN 8
#define PUBLISHERS_COUNT_MAX 1024
/* Used if the system's limit is "unlimited". */
#define LIMIT_MAX 1048576

static size_t raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 256;
    if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > LIMIT_MAX)
        limit.rlim_max = limit.rlim_cur > LIMIT_MAX ? limit.rlim_cur : LIMIT_MAX;
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};

        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            limit.rlim_cur = raised.rlim_cur;
    }
    return limit.rlim_cur > LIMIT_MAX ? LIMIT_MAX : (size_t)limit.rlim_cur;
}

void net_descriptors_init(struct net_descriptors *descriptors)
{
    size_t publishers_count;

    descriptors->limit = raise_limit();
    descriptors->connections_max = descriptors->limit > OWN_COUNT * 2
                                       ? descriptors->limit - OWN_COUNT
                                       : descriptors->limit / 2;
    publishers_count = descriptors->connections_max / 10;
    if (publishers_count < PUBLISHERS_COUNT_MIN)
        publishers_count = PUBLISHERS_COUNT_MIN;
    if (publishers_count > PUBLISHERS_COUNT_MAX)
        publishers_count = PUBLISHERS_COUNT_MAX;
    descriptors->websockets_max = descriptors->connections_max > publishers_count * 2
                                      ? descriptors->connections_max - publishers_count
                                      : descriptors->connections_max / 2;
    atomic_init(&descriptors->connections_count, 0);
    atomic_init(&descriptors->websockets_count, 0);
}

static bool take(atomic_size_t *count, size_t max)
{
    if (atomic_fetch_add_explicit(count, 1, memory_order_relaxed) < max)
        return true;
    atomic_fetch_sub_explicit(count, 1, memory_order_relaxed);
    return false;
}

bool net_descriptors_take_connection(struct net_descriptors *descriptors)
{
    return take(&descriptors->connections_count, descriptors->connections_max);
}

bool net_descriptors_take_websocket(struct net_descriptors *descriptors)
{
    return take(&descriptors->websockets_count, descriptors->websockets_max);
}

void net_descriptors_add_connection(struct net_descriptors *descriptors)
{
    atomic_fetch_add_explicit(&descriptors->connections_count, 1, memory_order_relaxed);
}

void net_descriptors_give_connection(struct net_descriptors *descriptors)
{
    atomic_fetch_sub_explicit(&descriptors->connections_count, 1, memory_order_relaxed);
}

void net_descriptors_give_websocket(struct net_descriptors *descriptors)
{
    atomic_fetch_sub_explicit(&descriptors->websockets_count, 1, memory_order_relaxed);
}
