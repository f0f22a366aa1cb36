#include "base/md5.h"

#include "support/unit.h"

#include <stdlib.h>

#define TEXTS_COUNT_MAX 40
#define TEXT_LEN_MAX 70000

static char memory[TEXT_LEN_MAX];
static char hex[TEXTS_COUNT_MAX][DIGEST_MD5_HEX_LEN];

static int fill_memory(void **state)
{
    uint32_t number = 1;

    (void)state;
    for (size_t i = 0; i < sizeof memory; i++) {
        number = number * 1664525 + 1013904223;
        memory[i] = (char)(number >> 24);
    }
    return 0;
}

/* A copy of exactly that length, so that reading past it is seen by who looks. */
static struct bytes text_new(size_t from, size_t len)
{
    char *copy = malloc(len ? len : 1);

    assert_non_null(copy);
    memcpy(copy, memory + from, len);
    return (struct bytes){copy, len};
}

static void texts_free(struct bytes *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free((char *)(uintptr_t)texts[i].data);
}

static void assert_are_those_of_openssl(const struct bytes *texts, size_t count)
{
    char one[DIGEST_MD5_HEX_LEN];

    for (size_t i = 0; i < count; i++) {
        digest_md5(texts[i], one);
        assert_memory_equal(hex[i], one, sizeof one);
    }
    memset(hex, 0, sizeof hex);
}

/* By every kernel this processor has, and by the one that is chosen. */
static void assert_right(const struct bytes *texts, size_t count)
{
    md5_many(texts, count, hex);
    assert_are_those_of_openssl(texts, count);
    for (size_t kernel = 0; kernel < md5_kernels_count(); kernel++) {
        md5_many_by(kernel, texts, count, hex);
        assert_are_those_of_openssl(texts, count);
    }
}

/* RFC 1321, appendix A.5. */
static void the_texts_of_rfc_1321_have_its_digests(void **state)
{
    static const struct {
        const char *text;
        const char *digest;
    } cases[] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0cc175b9c0f1b6a831c399e269772661"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "d174ab98d277d9f5a5611c2c9f419d9f"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "57edf4a22be3c955ac49da2e2107b67a"},
    };
    struct bytes texts[sizeof cases / sizeof cases[0]];
    const size_t count = sizeof cases / sizeof cases[0];

    (void)state;
    for (size_t i = 0; i < count; i++)
        texts[i] = bytes_of(cases[i].text);
    for (size_t kernel = 0; kernel < md5_kernels_count(); kernel++) {
        md5_many_by(kernel, texts, count, hex);
        for (size_t i = 0; i < count; i++)
            assert_memory_equal(hex[i], cases[i].digest, DIGEST_MD5_HEX_LEN);
    }
}

static void any_count_of_texts_of_one_length_is_right(void **state)
{
    static const size_t lens[] = {0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 1000};
    struct bytes texts[TEXTS_COUNT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        for (size_t j = 0; j < TEXTS_COUNT_MAX; j++)
            texts[j] = text_new(j * 1000, lens[i]);
        for (size_t count = 0; count <= TEXTS_COUNT_MAX; count++)
            assert_right(texts, count);
        texts_free(texts, TEXTS_COUNT_MAX);
    }
}

static void any_length_is_right_beside_any_other(void **state)
{
    struct bytes texts[TEXTS_COUNT_MAX];

    (void)state;
    for (size_t len = 0; len <= 300; len++) {
        /* Neighbours of it, so that each ends at another block or place in it. */
        for (size_t j = 0; j < TEXTS_COUNT_MAX; j++)
            texts[j] = text_new(j, len + j * (j % 3));
        assert_right(texts, 1 + len % TEXTS_COUNT_MAX);
        assert_right(texts, TEXTS_COUNT_MAX);
        texts_free(texts, TEXTS_COUNT_MAX);
    }
}

static void a_long_text_among_short_ones_is_right(void **state)
{
    static const size_t lens[] = {65536, 10, 8192, 8191, 0, 64, 20000, 127, 128, 129, 8193};
    struct bytes texts[TEXTS_COUNT_MAX];

    (void)state;
    for (size_t first = 0; first < sizeof lens / sizeof lens[0]; first++) {
        for (size_t j = 0; j < TEXTS_COUNT_MAX; j++)
            texts[j] = text_new(j, lens[(first + j) % (sizeof lens / sizeof lens[0])]);
        assert_right(texts, 2 + first);
        assert_right(texts, TEXTS_COUNT_MAX);
        texts_free(texts, TEXTS_COUNT_MAX);
    }
}

static void an_absent_text_is_an_empty_one(void **state)
{
    const struct bytes texts[] = {BYTES("abc"), BYTES_NONE, BYTES_NONE};

    (void)state;
    md5_many(texts, 3, hex);
    assert_memory_equal(hex[0], "900150983cd24fb0d6963f7d28e17f72", DIGEST_MD5_HEX_LEN);
    assert_memory_equal(hex[1], "d41d8cd98f00b204e9800998ecf8427e", DIGEST_MD5_HEX_LEN);
    assert_memory_equal(hex[2], "d41d8cd98f00b204e9800998ecf8427e", DIGEST_MD5_HEX_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_texts_of_rfc_1321_have_its_digests),
        cmocka_unit_test(any_count_of_texts_of_one_length_is_right),
        cmocka_unit_test(any_length_is_right_beside_any_other),
        cmocka_unit_test(a_long_text_among_short_ones_is_right),
        cmocka_unit_test(an_absent_text_is_an_empty_one),
    };

    return cmocka_run_group_tests(tests, fill_memory, NULL);
}
