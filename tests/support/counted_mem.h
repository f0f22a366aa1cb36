/* base/mem.h for a test that measures allocations: the linker uses these functions instead of the
 * library's. Only the test's own file includes it. */
#pragma once

#include "base/check.h"
#include "base/mem.h"

#include <string.h>

/* All bytes ever allocated, including those freed meanwhile. */
static size_t counted_mem_bytes;

void mem_suit(size_t workers_count)
{
    (void)workers_count;
}

void *mem_new(size_t size)
{
    void *memory = calloc(1, size ? size : 1);

    CHECK(memory != NULL);
    counted_mem_bytes += size;
    return memory;
}

void *mem_resize(void *memory, size_t size)
{
    void *resized = realloc(memory, size ? size : 1);

    CHECK(resized != NULL);
    counted_mem_bytes += size;
    return resized;
}

void *mem_room(void *memory, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return memory;
    *cap = *cap ? *cap * 2 : 4;
    return mem_resize(memory, *cap * size);
}

char *mem_copy_text(const char *data, size_t len)
{
    char *copy = mem_new(len + 1);

    if (len > 0)
        memcpy(copy, data, len);
    return copy;
}
