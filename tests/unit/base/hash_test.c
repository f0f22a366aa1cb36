#include "base/hash.h"

#include "support/unit.h"

static void the_same_text_has_the_same_hash_wherever_it_stands(void **state)
{
    static const char text[] = "presence-room.1234567890abcdef";

    (void)state;
    for (size_t len = 0; len < sizeof text; len++) {
        char *shifted = malloc(len + 9);
        const uint64_t hash = hash_bytes((struct bytes){text, len});

        for (size_t shift = 0; shift < 9; shift++) {
            memcpy(shifted + shift, text, len);
            assert_int_equal(hash_bytes((struct bytes){shifted + shift, len}), hash);
        }
        free(shifted);
    }
}

static int compare(const void *a, const void *b)
{
    const uint64_t first = *(const uint64_t *)a;
    const uint64_t second = *(const uint64_t *)b;

    return first < second ? -1 : first > second;
}

static void assert_distinct(uint64_t *hashes, size_t count)
{
    qsort(hashes, count, sizeof *hashes, compare);
    for (size_t i = 1; i < count; i++)
        assert_true(hashes[i] != hashes[i - 1]);
}

static void texts_that_differ_in_a_bit_or_their_length_have_other_hashes(void **state)
{
    uint64_t hashes[100 + 50 * 8];
    char text[100] = {0};
    size_t count = 0;

    (void)state;
    for (size_t len = 0; len < 100; len++)
        hashes[count++] = hash_bytes((struct bytes){text, len});
    for (size_t bit = 0; bit < 50 * (size_t)8; bit++) {
        text[bit / 8] = (char)(1 << bit % 8);
        hashes[count++] = hash_bytes((struct bytes){text, 50});
        text[bit / 8] = 0;
    }
    assert_distinct(hashes, count);
}

static void pairs_have_hashes_of_their_own_and_fill_the_low_bits(void **state)
{
    uint64_t hashes[10000];
    size_t buckets[64] = {0};

    (void)state;
    for (size_t i = 0; i < 10000; i++) {
        /* As addresses are: multiples of 16, close together. */
        hashes[i] = hash_pair(0x555500000000 + i / 100 * 192, 0x7f0000000000 + i % 100 * 64);
        buckets[hashes[i] % 64]++;
    }
    for (size_t i = 0; i < 64; i++)
        assert_in_range(buckets[i], 78, 312); /* 156 each, give or take half */
    assert_distinct(hashes, 10000);
    assert_true(hash_pair(1, 2) != hash_pair(2, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_text_has_the_same_hash_wherever_it_stands),
        cmocka_unit_test(texts_that_differ_in_a_bit_or_their_length_have_other_hashes),
        cmocka_unit_test(pairs_have_hashes_of_their_own_and_fill_the_low_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
