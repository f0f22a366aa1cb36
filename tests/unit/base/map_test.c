#include "base/map.h"

#include "base/list.h"
#include "support/unit.h"

#define THINGS_COUNT 3000

struct thing {
    struct map_entry entry;
    size_t number;
    bool is_in;
};

static struct thing things[THINGS_COUNT];

/* Few hashes for many things: most share one. */
static uint64_t hash_of(size_t number)
{
    return number % 50 * 0x10001;
}

static size_t found(const struct map *map, const struct thing *thing)
{
    const uint64_t hash = hash_of(thing->number);
    size_t count = 0;

    for (struct map_entry *at = map_first(map, hash); at != NULL; at = map_next(at, hash)) {
        assert_int_equal(at->hash, hash);
        if (LIST_OWNER(at, struct thing, entry) == thing)
            count++;
    }
    return count;
}

static size_t count_any(const struct map *map)
{
    size_t count = 0;

    for (struct map_entry *at = map_any(map, NULL); at != NULL; at = map_any(map, at)) {
        assert_true(LIST_OWNER(at, struct thing, entry)->is_in);
        count++;
    }
    return count;
}

static void what_goes_in_and_out_at_random_is_found_while_it_is_in(void **state)
{
    struct unit_random random = {1};
    struct map map = {0};
    size_t count = 0;

    (void)state;
    for (int i = 0; i < 60000; i++) {
        /* First it grows, then it shrinks. */
        const size_t range = i < 30000 ? THINGS_COUNT : 1 + (size_t)(60000 - i) / 20;
        struct thing *thing = &things[unit_random_below(&random, range)];

        thing->number = (size_t)(thing - things);
        assert_int_equal(found(&map, thing), thing->is_in);
        if (thing->is_in)
            map_remove(&map, &thing->entry);
        else
            map_add(&map, &thing->entry, hash_of(thing->number));
        count = thing->is_in ? count - 1 : count + 1;
        thing->is_in = !thing->is_in;
        assert_int_equal(map.count, count);
        if (i % 1000 == 0)
            assert_int_equal(count_any(&map), count);
    }
    for (size_t i = 0; i < THINGS_COUNT; i++)
        if (things[i].is_in)
            map_remove(&map, &things[i].entry);
    assert_int_equal(map.count, 0);
    assert_null(map_any(&map, NULL));
    map_deinit(&map);
}

static void an_empty_map_owns_nothing_and_finds_nothing(void **state)
{
    struct map map = {0};

    (void)state;
    assert_null(map_first(&map, 1));
    assert_null(map_any(&map, NULL));
    assert_null(map.buckets);
    map_deinit(&map);
}

static void memory_is_given_back_as_it_shrinks(void **state)
{
    struct map map = {0};
    size_t largest;

    (void)state;
    for (size_t i = 0; i < THINGS_COUNT; i++)
        map_add(&map, &things[i].entry, i);
    largest = map.buckets_count;
    assert_true(largest >= THINGS_COUNT / 2);
    for (size_t i = 0; i < THINGS_COUNT; i++)
        map_remove(&map, &things[i].entry);
    assert_true(map.buckets_count <= 16);
    map_deinit(&map);
    assert_int_equal(map.buckets_count, 0);
}

static void release(struct map_entry *entry)
{
    struct thing *thing = LIST_OWNER(entry, struct thing, entry);

    assert_true(thing->is_in);
    thing->is_in = false;
    memset(entry, 0xff, sizeof *entry); /* as if it were freed */
}

static void at_its_end_each_element_is_released_once(void **state)
{
    struct map map = {0};

    (void)state;
    map_deinit_each(&map, release);
    for (size_t i = 0; i < THINGS_COUNT; i++) {
        map_add(&map, &things[i].entry, hash_of(i));
        things[i].is_in = true;
    }
    map_deinit_each(&map, release);
    for (size_t i = 0; i < THINGS_COUNT; i++)
        assert_false(things[i].is_in);
    assert_null(map.buckets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_and_out_at_random_is_found_while_it_is_in),
        cmocka_unit_test(an_empty_map_owns_nothing_and_finds_nothing),
        cmocka_unit_test(memory_is_given_back_as_it_shrinks),
        cmocka_unit_test(at_its_end_each_element_is_released_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
