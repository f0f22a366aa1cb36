#include "net/backlog.h"

#include "base/mem.h"

#include <stdlib.h>

struct net_backlog *net_backlog_new(void *conn, struct net_chunk_holder holder, size_t queued_bytes,
                                    size_t max)
{
    struct net_backlog *backlog = mem_new(sizeof *backlog);

    backlog->conn = conn;
    backlog->holder = holder;
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

bool net_backlog_is_user_full(uint16_t account, size_t max)
{
    return account != NET_CHUNK_NOBODY && net_chunk_held_bytes_of(account) / NET_BACKLOG_USER > max;
}

bool net_backlog_is_over_share(struct net_chunk_holder holder, size_t max)
{
    return net_backlog_is_user_full(holder.user, max) ||
           (holder.app != NET_CHUNK_NOBODY &&
            net_chunk_held_bytes_of(holder.app) / NET_BACKLOG_APP > max);
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
    /* So much is held in all that one user may have more than its share. */
    const bool may_be_hurried = net_chunk_held_bytes() / NET_BACKLOG_USER > max;
    const uint64_t due_ms = may_be_hurried ? NET_BACKLOG_HURRY_MS : NET_BACKLOG_STALL_MS;
    const uint64_t waited_ms = now_ms - backlog->progress_ms;

    *is_due = now_ms >= backlog->progress_ms + due_ms;
    if (!*is_due)
        return false;
    return (waited_ms >= NET_BACKLOG_STALL_MS && queued_bytes > max) ||
           net_backlog_is_hurried(max) || net_backlog_is_over_share(backlog->holder, max);
}
