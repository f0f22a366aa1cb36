/* What may be queued for a peer that takes nothing for now, and for how long: a slow reader is one
 * that makes no progress, not one that is sent something large.
 *
 * With `max`, the loop's `backlog_bytes_max`:
 * - up to `max` a peer may be behind for as long as it likes, and a message of any size is let
 *   through to whoever is not behind by more;
 * - further behind it may be, by `NET_BACKLOG_MORE` times `max` beyond that message, while it makes
 *   progress: each NET_BACKLOG_STALL_MS it takes something;
 * - where all slow readers together hold more than `NET_BACKLOG_TOTAL` times `max`, nothing more
 *   than `max` is queued for any, and whoever has made no progress for NET_BACKLOG_HURRY_MS goes.
 *
 * Thread: owner. Life: a record for each connection while the kernel takes nothing from it.
 */
#pragma once

#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_BACKLOG_MORE 16
#define NET_BACKLOG_TOTAL 128
#define NET_BACKLOG_STALL_MS 10000
#define NET_BACKLOG_HURRY_MS 1000

struct net_backlog {
    struct list link; /* among those of the loop, the longest without progress first */
    void *conn;
    uint64_t progress_ms; /* when the peer last took something */
    size_t bytes_max;     /* of what is queued for it */
    size_t kernel_bytes;  /* what the kernel had yet to bring to it then */
};

/* For a connection that has `queued_bytes` left to send. */
struct net_backlog *net_backlog_new(void *conn, size_t queued_bytes, size_t max);
void net_backlog_free(struct net_backlog *backlog);

/* The peer has taken something; also once for a new one. */
void net_backlog_progress(struct net_backlog *backlog, struct list *all, uint64_t now_ms,
                          size_t kernel_bytes);

/* Whether `len` bytes may be queued behind `queued_bytes`; NULL: the kernel has taken all so far.
 */
bool net_backlog_admits(struct net_backlog *backlog, size_t queued_bytes, size_t len, size_t max);

/* Whether slow readers hold so much that the stricter rules apply. */
bool net_backlog_is_hurried(size_t max);

/* Whether one that has `queued_bytes` to take must go, as far as can be told without looking at
 * what the kernel holds. `*is_due` is false where neither it nor those behind it in the list have
 * waited long enough for that. */
bool net_backlog_is_stalled(const struct net_backlog *backlog, size_t queued_bytes, size_t max,
                            uint64_t now_ms, bool *is_due);
