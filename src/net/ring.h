/* Calls on sockets that are made together, by io_uring: prepared one after the other, then carried
 * out by one system call. None of them waits, and all are complete when net_ring_submit() returns:
 * nothing stays under way, so a buffer or descriptor is used only until then.
 *
 * Thread: owner, the one that called net_ring_new(); main may free it when that thread has ended.
 * Where there is no io_uring, net_ring_new() returns NULL and nothing else may be called.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* How many calls can be made together. */
#define NET_RING_CALLS_MAX 128

struct net_ring;

/* Whether all that a ring does works here, by doing it; if not, `*reason` says why not, as in
 * "io_uring is not available: `reason`". */
bool net_ring_probe(const char **reason);

/* NULL if the system refuses. */
struct net_ring *net_ring_new(void);
void net_ring_free(struct net_ring *ring); /* NULL is fine */

/* Each prepares a call. With `has_more` a segment that is not full waits for what is sent next. */
void net_ring_send(struct net_ring *ring, int fd, const struct iovec *piece, bool has_more);
void net_ring_send_pieces(struct net_ring *ring, int fd, struct iovec *pieces, int count,
                          bool has_more);
void net_ring_receive(struct net_ring *ring, int fd, char *out, size_t len);

/* How many calls are prepared. */
size_t net_ring_count(const struct net_ring *ring);

/* Makes the calls; returns their results in the order in which they were prepared: the number of
 * bytes, or a negated errno. Valid until the next call is prepared. If the system fails, the
 * calls that were not made have -EAGAIN, and the ring is broken. */
const int *net_ring_submit(struct net_ring *ring);

/* It must not be used any more. */
bool net_ring_is_broken(const struct net_ring *ring);
