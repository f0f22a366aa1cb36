/* What every fuzzer needs. Its truths are CHECKs. */
#pragma once

#include "base/buffer.h"
#include "base/check.h"
#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static inline struct bytes fuzz_bytes(const uint8_t *data, size_t len)
{
    return (struct bytes){len ? (const char *)data : "", len};
}

/* A copy of exactly that length; free() it. */
static inline char *fuzz_exact(struct bytes text)
{
    char *copy = malloc(text.len ? text.len : 1);

    CHECK(copy != NULL);
    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    return copy;
}
