/* Heap memory. If there is none, the process ends: callers never see NULL.
 *
 * Thread: any. A size from outside must be checked against its limit first.
 */
#pragma once

#include <stddef.h>
#include <stdlib.h> /* free() */

/* Tunes the allocator for a server with so many workers. Call it before their threads start. */
void mem_suit(size_t workers_count);

/* Gives free memory back to the system if there is much of it. Call it now and then, from a thread
 * that has time. */
void mem_give_back(void);

/* `size` zeroed bytes; release with free(). */
void *mem_new(size_t size) __attribute__((returns_nonnull, malloc));

/* As realloc(): bytes beyond the old size are not zeroed. */
void *mem_resize(void *memory, size_t size) __attribute__((returns_nonnull));

/* Makes room for one more element in an array of `*cap` elements of `size` bytes, of which `count`
 * are in use. Returns the array, and updates `*cap`. NULL and 0 are an empty array. */
void *mem_room(void *memory, size_t count, size_t *cap, size_t size)
    __attribute__((returns_nonnull));

/* A NUL-terminated copy of `len` bytes; release with free(). */
char *mem_copy_text(const char *data, size_t len) __attribute__((returns_nonnull, malloc));
