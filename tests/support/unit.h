/* What every unit test needs: cmocka, random numbers that are the same in each run, and texts in
 * memory of exactly their length, so that the sanitizer notices a read beyond the end. */
#pragma once

#include "base/buffer.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* xorshift64*: small, good enough, and the same everywhere. */
struct unit_random {
    uint64_t state;
};

static inline uint64_t unit_random_next(struct unit_random *random)
{
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * UINT64_C(0x2545f4914f6cdd1d);
}

/* A number from 0 up to, but not including, `below`. */
static inline size_t unit_random_below(struct unit_random *random, size_t below)
{
    return (size_t)(unit_random_next(random) >> 16) % below;
}

/* A copy in memory of exactly that length; the caller must free() it. */
static inline char *unit_exact(struct bytes text)
{
    char *copy = malloc(text.len ? text.len : 1);

    assert_non_null(copy);
    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    return copy;
}

static inline void unit_check_equal(const char *file, int line, struct bytes is,
                                    struct bytes should)
{
    if (bytes_equal(is, should))
        return;
    print_error("is:     \"%.*s\" (%zu)\nshould: \"%.*s\" (%zu)\n", BYTES_ARGS(is), is.len,
                BYTES_ARGS(should), should.len);
    _fail(file, line);
}

#define assert_bytes_equal(...) unit_check_equal(__FILE__, __LINE__, __VA_ARGS__)
#define assert_text(is, literal) assert_bytes_equal(is, BYTES(literal))

static inline bool unit_has(struct bytes text, struct bytes part)
{
    return part.len == 0 ||
           (text.len > 0 && memmem(text.data, text.len, part.data, part.len) != NULL);
}

#define assert_holds(text, literal)                                                \
    do {                                                                           \
        const struct bytes text_ = (text);                                         \
        if (!unit_has(text_, BYTES(literal)))                                      \
            fail_msg("\"%.*s\" does not hold \"%s\"", BYTES_ARGS(text_), literal); \
    } while (0)

#define assert_lacks_text(text, literal)                                   \
    do {                                                                   \
        const struct bytes text_ = (text);                                 \
        if (unit_has(text_, BYTES(literal)))                               \
            fail_msg("\"%.*s\" holds \"%s\"", BYTES_ARGS(text_), literal); \
    } while (0)
