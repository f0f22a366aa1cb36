#include "base/mem.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* Elements. */
#define ROOM_MIN 4
#define GIVE_BACK_BYTES_MIN ((size_t)16 * 1024 * 1024)
/* Larger blocks are mappings of their own, which go back to the system when they are freed. */
#define MAPPED_BYTES_MIN (1024 * 1024)

void mem_suit(size_t workers_count)
{
#ifdef __GLIBC__
    /* Small blocks join their neighbours when they are freed. By default glibc joins them only when
     * a large block is freed (here a map that shrinks), and then examines all of them, every time.
     */
    mallopt(M_MXFAST, 0);
    /* The main thread has little to do once the workers run: one of them shares its arena, which
     * grows by larger steps than those of other threads. */
    mallopt(M_ARENA_MAX, (int)workers_count);
    /* By default the first large block that is freed makes blocks of its size, up to 32 MB, parts
     * of an arena. An arena of a thread keeps what is free at its end: malloc_trim() passes it
     * over. */
    mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES_MIN);
    mallopt(M_TRIM_THRESHOLD, 2 * MAPPED_BYTES_MIN);
#else
    (void)workers_count;
#endif
}

void mem_give_back(void)
{
#ifdef __GLIBC__
    const struct mallinfo2 info = mallinfo2();

    if (info.fordblks > GIVE_BACK_BYTES_MIN && info.fordblks > info.uordblks / 4)
        malloc_trim(0);
#endif
}

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

void *mem_room(void *memory, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return memory;
    *cap = *cap ? *cap * 2 : ROOM_MIN;
    return mem_resize(memory, *cap * size);
}

char *mem_copy_text(const char *data, size_t len)
{
    char *copy = mem_new(len + 1);

    if (len > 0)
        memcpy(copy, data, len);
    return copy;
}
