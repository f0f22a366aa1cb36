#include "bench/stamp.h"

#include <string.h>
#include <time.h>

#define MARK_LEN (sizeof BENCH_STAMP_MARK - 1)

/* Digits are 'a' to 'p', four bits each, and are decoded without a table. */
static void write_digits(char *out, size_t count, uint64_t number)
{
    for (size_t i = count; i-- > 0; number >>= 4)
        out[i] = (char)('a' + (number & 0xf));
}

static uint64_t read_digits(const char *in, size_t count)
{
    uint64_t number = 0;

    for (size_t i = 0; i < count; i++)
        number = number << 4 | ((uint8_t)(in[i] - 'a') & 0xf);
    return number;
}

void bench_stamp_write(char out[BENCH_STAMP_LEN], struct bench_stamp stamp)
{
    memcpy(out, BENCH_STAMP_MARK, MARK_LEN);
    write_digits(out + MARK_LEN, 8, stamp.sender);
    write_digits(out + MARK_LEN + 8, 8, stamp.number);
    write_digits(out + MARK_LEN + 16, 16, stamp.sent_ns);
}

static bool is_at(struct bytes text, size_t at)
{
    return text.len >= BENCH_STAMP_LEN && at <= text.len - BENCH_STAMP_LEN &&
           memcmp(text.data + at, BENCH_STAMP_MARK, MARK_LEN) == 0;
}

bool bench_stamp_find(struct bytes text, size_t *hint, struct bench_stamp *stamp)
{
    const char *digits;

    if (!is_at(text, *hint)) {
        const char *found = memmem(text.data, text.len, BENCH_STAMP_MARK, MARK_LEN);

        if (found == NULL || !is_at(text, (size_t)(found - text.data)))
            return false;
        *hint = (size_t)(found - text.data);
    }
    digits = text.data + *hint + MARK_LEN;
    stamp->sender = (uint32_t)read_digits(digits, 8);
    stamp->number = (uint32_t)read_digits(digits + 8, 8);
    stamp->sent_ns = read_digits(digits + 16, 16);
    return true;
}

uint64_t bench_stamp_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
