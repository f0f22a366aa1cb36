/* How much may be queued for a peer that reads nothing for now, and for how long: a slow reader is
 * one that makes no progress, not one that is sent something large.
 *
 * With `max`, the loop's `backlog_bytes_max`:
 * - a peer may be behind by up to `max` for any time, and while it is, a message of any size may be
 *   queued for it;
 * - it may be behind by `NET_BACKLOG_MORE` times `max` beyond that message while it makes progress,
 *   that is, reads something within each NET_BACKLOG_STALL_MS;
 * - if all slow readers together hold more than `NET_BACKLOG_TOTAL` times `max`, no peer's queue
 *   grows beyond `max`, and a peer without progress for NET_BACKLOG_HURRY_MS is disconnected;
 * - so is one without progress if the connections of its user hold more than `NET_BACKLOG_USER`
 *   times `max`, or those of its app more than `NET_BACKLOG_APP` times; one that makes progress is
 *   not affected. So neither a user nor an app brings the others to the limit of all.
 *
 * Thread: owner. Life: one record for each connection while the kernel takes nothing from it.
 */
#pragma once

#include "base/list.h"
#include "net/chunk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_BACKLOG_MORE 16
#define NET_BACKLOG_TOTAL 128
#define NET_BACKLOG_APP 96
#define NET_BACKLOG_USER 32
#define NET_BACKLOG_STALL_MS 10000
#define NET_BACKLOG_HURRY_MS 1000

struct net_backlog {
    struct list link; /* in the loop's list, the longest without progress first */
    void *conn;
    uint64_t progress_ms; /* when the peer last read something */
    size_t bytes_max;     /* the limit of its queue */
    size_t kernel_bytes;  /* what the kernel had yet to deliver to it then */
    struct net_chunk_holder holder;
};

/* For a connection that has `queued_bytes` left to send, and counts for `holder`. */
struct net_backlog *net_backlog_new(void *conn, struct net_chunk_holder holder, size_t queued_bytes,
                                    size_t max);
void net_backlog_free(struct net_backlog *backlog);

/* Notes that the peer has read something; also called once for a new record. */
void net_backlog_progress(struct net_backlog *backlog, struct list *all, uint64_t now_ms,
                          size_t kernel_bytes);

/* Whether `len` bytes may be queued behind `queued_bytes`. `backlog` is NULL if the kernel has
 * taken everything so far. */
bool net_backlog_admits(struct net_backlog *backlog, size_t queued_bytes, size_t len, size_t max);

/* Whether slow readers hold so much that the stricter rules apply. */
bool net_backlog_is_hurried(size_t max);

/* Whether the unread connections of that user hold their share, and nothing large should be sent to
 * another one. */
bool net_backlog_is_user_full(uint16_t account, size_t max);

/* Whether its user or its app holds more than its share. */
bool net_backlog_is_over_share(struct net_chunk_holder holder, size_t max);

/* Whether a peer with `queued_bytes` in its queue must be disconnected, without regard to what the
 * kernel holds. `*is_due` is false if neither it nor those behind it in the list have waited long
 * enough for that. */
bool net_backlog_is_stalled(const struct net_backlog *backlog, size_t queued_bytes, size_t max,
                            uint64_t now_ms, bool *is_due);
