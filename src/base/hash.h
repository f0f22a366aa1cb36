/* SipHash-1-3 (Aumasson, Bernstein) under a random key of this process: nobody outside can choose
 * names that collide.
 *
 * Thread: any.
 */
#pragma once

#include "base/bytes.h"

uint64_t hash_bytes(struct bytes text);

/* For keys that do not come from outside, such as two addresses. */
uint64_t hash_pair(uint64_t a, uint64_t b);
