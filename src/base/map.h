/* A hash table whose links live in its elements: it allocates only its buckets.
 *
 * The caller hashes and compares:
 *
 *     for (struct map_entry *at = map_first(&map, hash); at != NULL; at = map_next(at, hash))
 *         if (is_the_one(LIST_OWNER(at, struct thing, entry))) …
 *
 * Thread: the map owner's.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct map_entry {
    struct map_entry *next;
    uint64_t hash;
};

struct map {
    struct map_entry **buckets;
    size_t buckets_count; /* a power of two, or 0 */
    size_t count;
};

void map_deinit(struct map *map); /* the elements stay with their owners */
/* The same; each element is handed to `release`, which may free it. */
void map_deinit_each(struct map *map, void (*release)(struct map_entry *entry));
void map_add(struct map *map, struct map_entry *entry, uint64_t hash);
void map_remove(struct map *map, struct map_entry *entry);

/* Iterates over the entries of one hash; NULL at the end. */
struct map_entry *map_first(const struct map *map, uint64_t hash);
struct map_entry *map_next(const struct map_entry *entry, uint64_t hash);

/* Iterates over all entries: map_any(map, NULL) is the first, then the one after `entry`. Slow path
 * only. */
struct map_entry *map_any(const struct map *map, const struct map_entry *entry);
