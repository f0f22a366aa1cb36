/* Bytes on their way out, shared by all who are sent them: written once, counted, then read only.
 *
 * Thread: ref and unref any; writing only the one who made it, before anybody else has it.
 */
#pragma once

#include "base/bytes.h"

#include <stdatomic.h>
#include <stdbool.h>

struct net_chunk {
    atomic_uint refs;
    uint32_t len;
    uint32_t cap;
    atomic_bool is_response_deferred;
    char data[];
};

/* With room for `cap` bytes and one reference, the caller's. */
struct net_chunk *net_chunk_new(size_t cap);

struct net_chunk *net_chunk_ref(struct net_chunk *chunk);
void net_chunk_unref(struct net_chunk *chunk); /* NULL is fine */

/* Appends where there is room: the caller has looked. */
void net_chunk_append(struct net_chunk *chunk, const void *data, size_t len);

/* Slow readers keep it: it counts among what they hold until it is freed. */
void net_chunk_hold(struct net_chunk *chunk);

/* What slow readers hold of memory, in the whole process. */
size_t net_chunk_held_bytes(void);

struct bytes net_chunk_bytes(const struct net_chunk *chunk);
