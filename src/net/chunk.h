/* Output bytes that several connections may share: written once, then read-only, reference-counted.
 *
 * Thread: ref and unref any; only the thread that made it may write, before it is shared.
 */
#pragma once

#include "base/bytes.h"

#include <stdatomic.h>
#include <stdbool.h>

struct net_chunk {
    atomic_uint refs;
    uint32_t len;
    uint32_t cap;
    _Atomic(uint32_t) holder; /* for net/chunk.c: 0 if no slow reader holds it */
    char data[];
};

/* With room for `cap` bytes and one reference, the caller's. 4 GiB at most: what is longer is
 * refused where it comes in (requests, messages, members of a channel), or is cut (net/output.h).
 */
struct net_chunk *net_chunk_new(size_t cap);

struct net_chunk *net_chunk_ref(struct net_chunk *chunk);
void net_chunk_unref(struct net_chunk *chunk); /* NULL is fine */

/* Appends; the caller has made sure that there is room. */
void net_chunk_append(struct net_chunk *chunk, const void *data, size_t len);

/* Who a slow reader is, for the count of what it holds: two accounts, of its app and of its user.
 * An account is a number from a hash: two that share one, which is unlikely, count together. */
struct net_chunk_holder {
    uint16_t app;  /* NET_CHUNK_NOBODY: of no app */
    uint16_t user; /* NET_CHUNK_NOBODY: anonymous */
};
#define NET_CHUNK_NOBODY 0

/* The account for a name with that hash. */
uint16_t net_chunk_account(uint64_t hash);

/* Counts it among the bytes that slow readers hold, until it is freed: in all, and for the first of
 * them that holds it. */
void net_chunk_hold(struct net_chunk *chunk, struct net_chunk_holder holder);

/* The memory that slow readers hold, in the whole process; that of one account. */
size_t net_chunk_held_bytes(void);
size_t net_chunk_held_bytes_of(uint16_t account);

struct bytes net_chunk_bytes(const struct net_chunk *chunk);
