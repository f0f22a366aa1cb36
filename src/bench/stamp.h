/* Marks a message of the generator: its sender, its number and its time, found again in whatever
 * frame a server builds from it. The stamp has only letters, digits, "@" and ".", so JSON does not
 * escape it, and it may be part of a payload, a channel's name or a user's id.
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

/* Finds the first stamp; false if there is none. `hint` is the offset of the last one found, which
 * usually is the next one's, too. */
bool bench_stamp_find(struct bytes text, size_t *hint, struct bench_stamp *stamp);

uint64_t bench_stamp_now_ns(void);
