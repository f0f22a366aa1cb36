/* SipHash-1-3 (Aumasson, Bernstein) under a key drawn at start: names from outside cannot be
 * chosen to collide.
 *
 * Thread: any.
 */
#pragma once

#include "base/bytes.h"

uint64_t hash_bytes(struct bytes text);

/* For keys that are not chosen outside, such as two addresses. */
uint64_t hash_pair(uint64_t a, uint64_t b);
