#include "config/nearest.h"

#include "unit/config/folder.h"

static const char *const words[] = {"host",   "port", "path", "hostname", "max_request_size",
                                    "app_id", "key"};

static void assert_nearest(const char *word, const char *expected)
{
    assert_string_equal(config_nearest(word, words, sizeof words / sizeof words[0]), expected);
}

static void a_slip_of_the_finger_is_recognised(void **state)
{
    (void)state;
    assert_nearest("prot", "port");
    assert_nearest("hots", "host");
    assert_nearest("hostnam", "hostname");
    assert_nearest("maxRequestSize", "max_request_size");
    assert_nearest("max-request-size", "max_request_size");
    assert_nearest("PATH", "path");
}

static void a_part_of_a_word_is_recognised(void **state)
{
    (void)state;
    assert_nearest("id", "app_id");
    assert_nearest("app_key", "key");
}

static void words_of_any_length_are_compared(void **state)
{
    char long_word[1000];

    (void)state;
    memset(long_word, 'x', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = '\0';
    assert_non_null(config_nearest(long_word, words, 7));
    assert_non_null(config_nearest("", words, 7));
}

static void of_nothing_nothing_is_nearest(void **state)
{
    (void)state;
    assert_null(config_nearest("x", NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slip_of_the_finger_is_recognised),
        cmocka_unit_test(a_part_of_a_word_is_recognised),
        cmocka_unit_test(words_of_any_length_are_compared),
        cmocka_unit_test(of_nothing_nothing_is_nearest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
