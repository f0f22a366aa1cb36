#include "pusher/origin.h"

#include "support/app.h"
#include "support/unit.h"

static bool is_allowed(const char *pattern, const char *origin)
{
    struct config_app app = app_of_documentation();
    char *copy = mem_copy_text(pattern, strlen(pattern));
    char *exact = origin ? unit_exact(bytes_of(origin)) : NULL;
    bool allowed;

    app.allowed_origins = &copy;
    allowed = pusher_origin_is_allowed(&app, (struct bytes){exact, origin ? strlen(origin) : 0});
    free(exact);
    free(copy);
    return allowed;
}

static void the_host_of_an_origin_is_matched_to_the_pattern(void **state)
{
    static const struct {
        const char *pattern;
        const char *origin;
        bool is_allowed;
    } cases[] = {
        {"example.com", "https://example.com", true},
        {"example.com", "http://example.com", true},
        {"example.com", "https://example.com:8443", true},
        {"example.com", "https://EXAMPLE.com", true},
        {"Example.COM", "https://example.com", true},
        {"example.com", "example.com", false},
        {"example.com", "https://example.com/path", false},
        {"example.com", "https://example.com/", false},
        {"example.com", "https://www.example.com", false},
        {"example.com", "https://example.com.evil.org", false},
        {"example.com", "https://evilexample.com", false},
        {"example.com", "https://evil.org/example.com", false},
        {"example.com", "https://evil.org?example.com", false},
        {"example.com", "https://evil.org:example.com", false},
        {"example.com", "https://example.co", false},
        {"example.com", "https://", false},
        {"example.com", "", false},
        {"example.com", "null", false},
        {"*.example.com", "https://www.example.com", true},
        {"*.example.com", "https://a.b.example.com", true},
        {"*.example.com", "https://example.com", false},
        {"*.example.com", "https://www.example.com.evil.org", false},
        {"*example.com", "https://example.com", true},
        {"app-*.example.*", "https://app-1.example.org", true},
        {"app-*.example.*", "https://app1.example.org", false},
        {"*a*b*c", "https://xxaxxbxxc", true},
        {"*a*b*c", "https://xxaxxbxx", false},
        {"**", "https://anything", true},
        {"localhost", "http://localhost:5173", true},
        {"[::1]", "http://[::1]:8000", true},
        {"[::1]", "http://[::2]:8000", false},
        {"127.0.0.1", "http://127.0.0.1:8000", true},
        {"", "https://example.com", false},
        {"*.example.com", "https://evil.com#.example.com", false},
        {"*.example.com", "https://x.example.com:p@evil.com", false},
        {"*.example.com", "https://evil.com\\.example.com", false},
        {"*.example.com", "https://evil.com%2f.example.com:x", false},
        {"*.example.com", "https://evil.com .example.com", false},
        {"*.example.com", "https://a.example.com https://evil.com", false},
        {"*.example.com", "https://a@b.example.com", false},
        {"*.example.com", "//a.example.com", false},
        {"*.example.com", "://a.example.com", false},
        {"*.example.com", "1https://a.example.com", false},
        {"*.example.com", "https:/a.example.com", false},
        {"*.example.com", "https://a.example.com:", false},
        {"*.example.com", "https://a.example.com:65536", false},
        {"*.example.com", "https://a.example.com:65535", true},
        {"*.example.com", "https://a%zz.example.com", false},
        {"*.example.com", "https://\xc3\xa4.example.com", false},
        {"*", "https://evil.com#.example.com", true},
        {"*]", "http://[::1", false},
        {"*]", "http://[::1]x", false},
        {"*]", "http://[1.2.3.4]", false},
        {"[::1]", "http://[::1]", true},
        {"localhost", "capacitor://localhost", true},
        {"null", "null", true},
        {"*l*", "null", false},
        {"nul?", "null", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (is_allowed(cases[i].pattern, cases[i].origin) != cases[i].is_allowed)
            fail_msg("%s with %s", cases[i].pattern, cases[i].origin);
}

static void a_nul_ends_no_origin(void **state)
{
    struct config_app app = app_of_documentation();
    char *pattern = (char[]){"*.example.com"};

    (void)state;
    app.allowed_origins = &pattern;
    assert_false(pusher_origin_is_allowed(&app, BYTES("https://a.example.com\0.evil.com")));
    assert_false(pusher_origin_is_allowed(&app, BYTES("https://evil.com\0.example.com")));
    assert_null(pusher_origin_host(BYTES("http://[::1\0]")).data);
}

static void the_host_is_all_between_scheme_and_port(void **state)
{
    (void)state;
    assert_text(pusher_origin_host(BYTES("https://a.example.com:8443")), "a.example.com");
    assert_text(pusher_origin_host(BYTES("chrome-extension+x.1://%41b_c")), "%41b_c");
    assert_text(pusher_origin_host(BYTES("http://[fe80::1:192.0.2.1]:80")), "[fe80::1:192.0.2.1]");
    assert_null(pusher_origin_host(BYTES("null")).data);
    assert_null(pusher_origin_host(BYTES_NONE).data);
}

static void a_lone_star_allows_all_and_no_origin_too(void **state)
{
    (void)state;
    assert_true(is_allowed("*", NULL));
    assert_true(is_allowed("*", ""));
    assert_true(is_allowed("*", "https://example.com"));
    assert_false(is_allowed("example.com", NULL));
    assert_false(is_allowed("*.com", NULL));
}

static void any_of_several_patterns_will_do_and_none_allows_none(void **state)
{
    struct config_app app = app_of_documentation();
    char *patterns[] = {(char[]){"a.example"}, (char[]){"b.example"}};

    (void)state;
    app.allowed_origins = patterns;
    app.allowed_origins_count = 2;
    assert_true(pusher_origin_is_allowed(&app, BYTES("https://a.example")));
    assert_true(pusher_origin_is_allowed(&app, BYTES("https://b.example")));
    assert_false(pusher_origin_is_allowed(&app, BYTES("https://c.example")));
    app.allowed_origins_count = 0;
    assert_false(pusher_origin_is_allowed(&app, BYTES("https://a.example")));
}

static void stars_that_match_in_many_ways_are_still_found_soon(void **state)
{
    struct buffer origin = {0};

    (void)state;
    for (int i = 0; i < 9000; i++)
        buffer_append_char(&origin, 'a');
    assert_false(is_allowed("*a*a*a*a*a*a*a*a*a*a*b", buffer_text(&origin)));
    buffer_deinit(&origin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_host_of_an_origin_is_matched_to_the_pattern),
        cmocka_unit_test(a_nul_ends_no_origin),
        cmocka_unit_test(the_host_is_all_between_scheme_and_port),
        cmocka_unit_test(a_lone_star_allows_all_and_no_origin_too),
        cmocka_unit_test(any_of_several_patterns_will_do_and_none_allows_none),
        cmocka_unit_test(stars_that_match_in_many_ways_are_still_found_soon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
