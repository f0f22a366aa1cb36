#include "net/backlog.h"

#include "base/mem.h"
#include "net/chunk.h"

#include <stdlib.h>

struct net_backlog *net_backlog_new(void *conn, size_t queued_bytes, size_t max)
{
    struct net_backlog *backlog = mem_new(sizeof *backlog);

    backlog->conn = conn;
    backlog->bytes_max = queued_bytes + NET_BACKLOG_MORE * max;
    list_init(&backlog->link);
    return backlog;
}

void net_backlog_free(struct net_backlog *backlog)
{
    list_remove(&backlog->link);
    free(backlog);
}

void net_backlog_progress(struct net_backlog *backlog, struct list *all, uint64_t now_ms,
                          size_t kernel_bytes)
{
    backlog->progress_ms = now_ms;
    backlog->kernel_bytes = kernel_bytes;
    list_remove(&backlog->link);
    list_append(all, &backlog->link);
}

bool net_backlog_is_hurried(size_t max)
{
    return net_chunk_held_bytes() / NET_BACKLOG_TOTAL > max;
}

bool net_backlog_admits(struct net_backlog *backlog, size_t queued_bytes, size_t len, size_t max)
{
    if (queued_bytes <= max) {
        if (backlog != NULL)
            backlog->bytes_max = queued_bytes + len + NET_BACKLOG_MORE * max;
        return true;
    }
    return backlog == NULL ||
           (queued_bytes + len <= backlog->bytes_max && !net_backlog_is_hurried(max));
}

bool net_backlog_is_stalled(const struct net_backlog *backlog, size_t queued_bytes, size_t max,
                            uint64_t now_ms, bool *is_due)
{
    const bool is_hurried = net_backlog_is_hurried(max);
    const uint64_t stall_ms = is_hurried ? NET_BACKLOG_HURRY_MS : NET_BACKLOG_STALL_MS;

    *is_due = now_ms >= backlog->progress_ms + stall_ms;
    return *is_due && (is_hurried || queued_bytes > max);
}
