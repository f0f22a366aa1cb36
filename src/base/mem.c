#include "base/mem.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

void *mem_new(size_t size)
{
    void *memory = calloc(1, size ? size : 1);

    CHECK(memory != NULL);
    return memory;
}

void *mem_resize(void *memory, size_t size)
{
    void *resized = realloc(memory, size ? size : 1);

    CHECK(resized != NULL);
    return resized;
}

char *mem_copy_text(const char *data, size_t len)
{
    char *copy = mem_new(len + 1);

    if (len > 0)
        memcpy(copy, data, len);
    return copy;
}
