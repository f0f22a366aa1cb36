/* Heap memory that is there or the process ends: callers never see NULL.
 *
 * Thread: any. A size that comes from outside must have met its limit before it comes here.
 */
#pragma once

#include <stddef.h>
#include <stdlib.h> /* free() */

/* Suits the allocator to a server of so many workers: before their threads start. */
void mem_suit(size_t workers_count);

/* Gives free memory back to the system where there is much of it: for a thread that has time, now
 * and then. */
void mem_give_back(void);

/* `size` zeroed bytes; release with free(). */
void *mem_new(size_t size) __attribute__((returns_nonnull, malloc));

/* As realloc(): what is beyond the old size is not zeroed. */
void *mem_resize(void *memory, size_t size) __attribute__((returns_nonnull));

/* An array of `*cap` elements of `size` bytes, of which `count` are taken: has room for one more
 * from then on. NULL and 0 are an empty one. */
void *mem_room(void *memory, size_t count, size_t *cap, size_t size)
    __attribute__((returns_nonnull));

/* A NUL-terminated copy of `len` bytes; release with free(). */
char *mem_copy_text(const char *data, size_t len) __attribute__((returns_nonnull, malloc));
