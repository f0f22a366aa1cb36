#include "base/random.h"

#include "support/unit.h"

static void a_drawn_number_is_within_its_bounds_and_each_comes_up(void **state)
{
    static const uint32_t maxima[] = {1, 2, 3, 7, 100};

    (void)state;
    for (size_t i = 0; i < sizeof maxima / sizeof maxima[0]; i++) {
        size_t counts[101] = {0};

        for (int round = 0; round < 20000; round++) {
            const uint32_t drawn = random_between_1_and(maxima[i]);

            assert_in_range(drawn, 1, maxima[i]);
            counts[drawn]++;
        }
        for (uint32_t number = 1; number <= maxima[i]; number++)
            assert_true(counts[number] > 20000 / maxima[i] / 3);
    }
    for (int round = 0; round < 1000; round++)
        assert_true(random_between_1_and(UINT32_MAX) >= 1);
}

static void bytes_differ_from_draw_to_draw(void **state)
{
    uint8_t first[32] = {0};
    uint8_t second[32] = {0};

    (void)state;
    random_bytes(first, sizeof first);
    random_bytes(second, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
    random_bytes(first, 0);
}

/* Small draws come out of a stock, large ones do not fit into it. */
static void nothing_is_handed_out_twice(void **state)
{
    uint64_t drawn[1000];
    uint64_t large[1000] = {0};

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        uint8_t odd[3];

        random_bytes(&drawn[i], sizeof drawn[i]);
        random_bytes(odd, i % (sizeof odd + 1));
        for (size_t j = 0; j < i; j++)
            assert_true(drawn[i] != drawn[j]);
    }
    random_bytes(large, sizeof large);
    for (size_t i = 0; i < 1000; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(large[i] != large[j] && large[i] != drawn[j]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drawn_number_is_within_its_bounds_and_each_comes_up),
        cmocka_unit_test(bytes_differ_from_draw_to_draw),
        cmocka_unit_test(nothing_is_handed_out_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
