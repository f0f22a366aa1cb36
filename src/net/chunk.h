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
    atomic_bool is_held; /* by a slow reader */
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

/* Counts it among the bytes that slow readers hold, until it is freed. */
void net_chunk_hold(struct net_chunk *chunk);

/* The memory that slow readers hold, in the whole process. */
size_t net_chunk_held_bytes(void);

struct bytes net_chunk_bytes(const struct net_chunk *chunk);
