/* What marks a message of the generator inside whatever a server makes of it: who sent it, which of
 * the sender's it is, and when. Letters, digits, "@" and "." only, so that no JSON escapes it; it
 * may stand in a payload, in a channel's name and in a user's id.
 *
 * Thread: any.
 */
#pragma once

#include "base/bytes.h"

#define BENCH_STAMP_MARK "@bench."
#define BENCH_STAMP_LEN (sizeof BENCH_STAMP_MARK - 1 + 32)

struct bench_stamp {
    uint32_t sender;
    uint32_t number;  /* counts from 0, for each sender */
    uint64_t sent_ns; /* on the monotonic clock */
};

void bench_stamp_write(char out[BENCH_STAMP_LEN], struct bench_stamp stamp);

/* Finds the first one; false where there is none. `hint` is where the last one stood, mostly where
 * the next one stands. */
bool bench_stamp_find(struct bytes text, size_t *hint, struct bench_stamp *stamp);

uint64_t bench_stamp_now_ns(void);
