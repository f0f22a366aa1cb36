#include "base/map.h"

#include "base/check.h"
#include "base/mem.h"

#define BUCKETS_COUNT_MIN 8

static struct map_entry **bucket_of(const struct map *map, uint64_t hash)
{
    return &map->buckets[hash & (map->buckets_count - 1)];
}

static void resize(struct map *map, size_t buckets_count)
{
    struct map old = *map;

    map->buckets = mem_new(buckets_count * sizeof *map->buckets);
    map->buckets_count = buckets_count;
    for (size_t i = 0; i < old.buckets_count; i++) {
        struct map_entry *entry = old.buckets[i];

        while (entry != NULL) {
            struct map_entry *next = entry->next;
            struct map_entry **bucket = bucket_of(map, entry->hash);

            entry->next = *bucket;
            *bucket = entry;
            entry = next;
        }
    }
    free(old.buckets);
}

void map_deinit(struct map *map)
{
    free(map->buckets);
    *map = (struct map){0};
}

void map_deinit_each(struct map *map, void (*release)(struct map_entry *entry))
{
    for (size_t i = 0; i < map->buckets_count; i++) {
        struct map_entry *entry = map->buckets[i];

        while (entry != NULL) {
            struct map_entry *next = entry->next;

            release(entry);
            entry = next;
        }
    }
    map_deinit(map);
}

void map_add(struct map *map, struct map_entry *entry, uint64_t hash)
{
    struct map_entry **bucket;

    if (map->count >= map->buckets_count)
        resize(map, map->buckets_count ? map->buckets_count * 2 : BUCKETS_COUNT_MIN);
    bucket = bucket_of(map, hash);
    entry->hash = hash;
    entry->next = *bucket;
    *bucket = entry;
    map->count++;
}

void map_remove(struct map *map, struct map_entry *entry)
{
    struct map_entry **at = bucket_of(map, entry->hash);

    while (*at != entry) {
        CHECK(*at != NULL);
        at = &(*at)->next;
    }
    *at = entry->next;
    entry->next = NULL;
    map->count--;
    /* Less than a quarter full: shrink, so that a peak does not keep its memory. */
    if (map->buckets_count > BUCKETS_COUNT_MIN && map->count * 4 < map->buckets_count)
        resize(map, map->buckets_count / 2);
}

struct map_entry *map_first(const struct map *map, uint64_t hash)
{
    struct map_entry *entry = map->buckets_count ? *bucket_of(map, hash) : NULL;

    while (entry != NULL && entry->hash != hash)
        entry = entry->next;
    return entry;
}

struct map_entry *map_next(const struct map_entry *entry, uint64_t hash)
{
    struct map_entry *next = entry->next;

    while (next != NULL && next->hash != hash)
        next = next->next;
    return next;
}

struct map_entry *map_any(const struct map *map, const struct map_entry *entry)
{
    size_t bucket = 0;

    if (entry != NULL) {
        if (entry->next != NULL)
            return entry->next;
        bucket = (entry->hash & (map->buckets_count - 1)) + 1;
    }
    for (; bucket < map->buckets_count; bucket++)
        if (map->buckets[bucket] != NULL)
            return map->buckets[bucket];
    return NULL;
}
