#include "config/crypto_method.h"

#include "support/unit.h"

static void numbers_and_names_are_versions(void **state)
{
    static const struct {
        const char *text;
        unsigned versions;
    } cases[] = {
        {"32", 32},
        {"33", 32}, /* of clients */
        {"96", 96},
        {"121", 120},
        {"127", 126},
        {"TLSv1_2", 32},
        {"TLSv1_3_SERVER", 64},
        {"STREAM_CRYPTO_METHOD_TLSv1_1_CLIENT", 16},
        {"STREAM_CRYPTO_METHOD_TLSv1_2_SERVER | STREAM_CRYPTO_METHOD_TLSv1_3_SERVER", 96},
        {"STREAM_CRYPTO_METHOD_ANY_SERVER", 126},
    };
    unsigned versions;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(config_crypto_method_parse(bytes_of(cases[i].text), &versions));
        assert_int_equal(versions, cases[i].versions);
    }
}

static void anything_else_is_none(void **state)
{
    static const char *const cases[] = {
        "", "0", "128", "-1", "TLSv2", "TLSv1_2||TLSv1_3", "_SERVER", "STREAM_CRYPTO_METHOD_"};
    unsigned versions;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_false(config_crypto_method_parse(bytes_of(cases[i]), &versions));
}

static void any_is_what_php_means_by_it(void **state)
{
    (void)state;
    assert_true(config_crypto_method_is_any(120));
    assert_true(config_crypto_method_is_any(126));
    assert_true(config_crypto_method_is_any(56));
    assert_false(config_crypto_method_is_any(96));
    assert_false(config_crypto_method_is_any(48));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_names_are_versions),
        cmocka_unit_test(anything_else_is_none),
        cmocka_unit_test(any_is_what_php_means_by_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
