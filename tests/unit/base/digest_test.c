#include "base/digest.h"

#include "support/unit.h"

#include <pthread.h>

static struct bytes hex_of(char *hex, size_t len)
{
    return (struct bytes){hex, len};
}

/* RFC 4231: test cases 1, 2, 3 and 6. */
static void hmacs_are_those_of_rfc_4231(void **state)
{
    char hex[DIGEST_SHA256_HEX_LEN];
    char key[131];
    char text[50];

    (void)state;
    memset(key, 0x0b, 20);
    digest_hmac_sha256((struct bytes){key, 20}, BYTES("Hi There"), hex);
    assert_text(hex_of(hex, sizeof hex),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    digest_hmac_sha256(BYTES("Jefe"), BYTES("what do ya want for nothing?"), hex);
    assert_text(hex_of(hex, sizeof hex),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    memset(text, 0xdd, sizeof text);
    digest_hmac_sha256((struct bytes){key, 20}, (struct bytes){text, 50}, hex);
    assert_text(hex_of(hex, sizeof hex),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    digest_hmac_sha256((struct bytes){key, 131},
                       BYTES("Test Using Larger Than Block-Size Key - Hash Key First"), hex);
    assert_text(hex_of(hex, sizeof hex),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* A thread keeps the state of the last key: it must not serve another one, nor be used up. */
static void a_key_counts_whichever_came_before(void **state)
{
    static const struct {
        const char *key;
        const char *hmac; /* of "what do ya want for nothing?" */
    } cases[] = {
        {"Jefe", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"Jefe", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"Jeff", NULL},
        {"Jef", NULL},
        {"", NULL},
        {"Jefe", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"Jefe", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    };
    char hex[DIGEST_SHA256_HEX_LEN];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        digest_hmac_sha256(bytes_of(cases[i].key), BYTES("what do ya want for nothing?"), hex);
        if (cases[i].hmac != NULL)
            assert_memory_equal(hex, cases[i].hmac, sizeof hex);
        else
            assert_memory_not_equal(hex, cases[0].hmac, sizeof hex);
    }
}

/* RFC 1321, appendix A.5. */
static void md5s_are_those_of_rfc_1321(void **state)
{
    char hex[DIGEST_MD5_HEX_LEN];

    (void)state;
    digest_md5(BYTES(""), hex);
    assert_text(hex_of(hex, sizeof hex), "d41d8cd98f00b204e9800998ecf8427e");
    digest_md5(BYTES("abc"), hex);
    assert_text(hex_of(hex, sizeof hex), "900150983cd24fb0d6963f7d28e17f72");
    digest_md5(BYTES("message digest"), hex);
    assert_text(hex_of(hex, sizeof hex), "f96b697d7cb7938d525a2f31aaf161d0");
}

static void an_empty_key_is_a_key(void **state)
{
    char hex[DIGEST_SHA256_HEX_LEN];

    (void)state;
    digest_hmac_sha256(BYTES(""), BYTES(""), hex);
    assert_text(hex_of(hex, sizeof hex),
                "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void *digest_often(void *user)
{
    char hex[DIGEST_SHA256_HEX_LEN];
    char *first = user;

    for (int i = 0; i < 2000; i++) {
        digest_hmac_sha256(BYTES("key"), (struct bytes){first, 1}, hex);
        if (i > 0 && memcmp(first + 1, hex, sizeof hex) != 0)
            return user;
        memcpy(first + 1, hex, sizeof hex);
    }
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
    pthread_t threads[4];
    char results[4][1 + DIGEST_SHA256_HEX_LEN];

    (void)state;
    for (int i = 0; i < 4; i++) {
        results[i][0] = (char)('a' + i);
        assert_int_equal(pthread_create(&threads[i], NULL, digest_often, results[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *failed;

        pthread_join(threads[i], &failed);
        assert_null(failed);
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(results[i] + 1, results[j] + 1, DIGEST_SHA256_HEX_LEN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmacs_are_those_of_rfc_4231),
        cmocka_unit_test(a_key_counts_whichever_came_before),
        cmocka_unit_test(md5s_are_those_of_rfc_1321),
        cmocka_unit_test(an_empty_key_is_a_key),
        cmocka_unit_test(threads_do_not_disturb_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
