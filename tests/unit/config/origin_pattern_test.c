#include "config/origin_pattern.h"

#include "support/unit.h"

static void a_host_with_or_without_stars_can_match(void **state)
{
    static const char *const can[] = {"*",         "**",
                                      "a.com",     "*.example.com",
                                      "localhost", "127.0.0.1",
                                      "a-b_c.d",   "null",
                                      "[::1]",     "[fe80::*]",
                                      "*::1]",     "[fe80:*",
                                      "x*y",       "xn--mnchen-3ya.de"};

    (void)state;
    for (size_t i = 0; i < sizeof can / sizeof can[0]; i++)
        if (!config_origin_pattern_can_match(bytes_of(can[i])))
            fail_msg("%s", can[i]);
}

static void what_is_more_or_less_than_a_host_cannot(void **state)
{
    static const char *const cannot[] = {"",          "https://a.com",
                                         "https://*", "localhost:5173",
                                         "*:5173",    "*.example.com:*",
                                         "a b",       " a.com",
                                         "a.com/",    "a@b",
                                         "a#b",       "m\xc3\xbcnchen.de",
                                         "::1",       "[::1]:80",
                                         "[::g]"};

    (void)state;
    for (size_t i = 0; i < sizeof cannot / sizeof cannot[0]; i++)
        if (config_origin_pattern_can_match(bytes_of(cannot[i])))
            fail_msg("%s", cannot[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_with_or_without_stars_can_match),
        cmocka_unit_test(what_is_more_or_less_than_a_host_cannot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
