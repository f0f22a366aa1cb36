#include "server/url.h"

#include "support/app.h"
#include "support/unit.h"

static struct buffer url;

static const char *url_of(struct config config, struct config_app app)
{
    static char everywhere[] = "0.0.0.0";

    buffer_clear(&url);
    if (config.host == NULL)
        config.host = everywhere;
    server_url_append(&url, "ws", &config, &app, 8080);
    return buffer_text(&url);
}

#define CONFIG(...) ((struct config){__VA_ARGS__})
#define APP(...) ((struct config_app){__VA_ARGS__})
#define TEXT(text) ((char *)(uintptr_t)(text))

static void a_server_that_listens_everywhere_is_at_localhost(void **state)
{
    (void)state;
    assert_string_equal(url_of(CONFIG(0), APP(0)), "ws://localhost:8080");
    assert_string_equal(url_of(CONFIG(.host = TEXT("::")), APP(0)), "ws://localhost:8080");
    assert_string_equal(url_of(CONFIG(.host = TEXT("10.0.0.1")), APP(0)), "ws://10.0.0.1:8080");
    assert_string_equal(url_of(CONFIG(.host = TEXT("::1")), APP(0)), "ws://[::1]:8080");
    assert_string_equal(url_of(CONFIG(.hostname = TEXT("ws.example")), APP(0)),
                        "ws://ws.example:8080");
}

static void the_port_that_goes_without_saying_is_left_out(void **state)
{
    (void)state;
    assert_string_equal(url_of(CONFIG(0), APP(.public_port = 80)), "ws://localhost");
    assert_string_equal(url_of(CONFIG(.tls.enabled = true), APP(.public_port = 443)),
                        "wss://localhost");
    assert_string_equal(url_of(CONFIG(.tls.enabled = true), APP(.public_port = 80)),
                        "wss://localhost:80");
}

static void an_apps_public_address_counts_more_than_the_servers(void **state)
{
    (void)state;
    assert_string_equal(url_of(CONFIG(.hostname = TEXT("inner")),
                               APP(.public_host = TEXT("a.example"), .public_port = 443,
                                   .public_scheme = TEXT("https"))),
                        "wss://a.example");
    assert_string_equal(url_of(CONFIG(.tls.enabled = true), APP(.public_scheme = TEXT("http"))),
                        "ws://localhost:8080");
}

static void use_tls_is_https_where_no_scheme_is_given(void **state)
{
    (void)state;
    assert_string_equal(url_of(CONFIG(0), APP(.public_host = TEXT("a"), .public_is_secure = true)),
                        "wss://a");
    assert_string_equal(url_of(CONFIG(0), APP(.public_host = TEXT("a"), .public_is_secure = true,
                                              .public_port = 8443)),
                        "wss://a:8443");
    assert_string_equal(url_of(CONFIG(0), APP(.public_host = TEXT("a"), .public_is_secure = true,
                                              .public_scheme = TEXT("http"))),
                        "ws://a:8080");
    assert_string_equal(url_of(CONFIG(.tls.enabled = true), APP(.public_is_secure = true)),
                        "wss://localhost:8080");
}

static void a_public_host_may_be_a_whole_url(void **state)
{
    static const char *const cases[][2] = {
        {"https://a.example/x", "wss://a.example"},
        {"http://a.example", "ws://a.example"},
        {"wss://a.example:6001", "wss://a.example:6001"},
        {"a.example:81", "ws://a.example:81"},
        {"[fe80::1]:81", "ws://[fe80::1]:81"},
        {"[fe80::1]", "ws://[fe80::1]:8080"},
        {"fe80::1", "ws://[fe80::1]:8080"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(url_of(CONFIG(0), APP(.public_host = TEXT(cases[i][0]))), cases[i][1]);
}

static void a_key_stands_in_a_path_whatever_it_is(void **state)
{
    (void)state;
    buffer_clear(&url);
    server_url_append_escaped(&url, BYTES("aZ0-._~/ ?%\xc3\xa9\0"));
    assert_string_equal(buffer_text(&url), "aZ0-._~%2F%20%3F%25%C3%A9%00");
}

static int release(void **state)
{
    (void)state;
    buffer_deinit(&url);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_listens_everywhere_is_at_localhost),
        cmocka_unit_test(the_port_that_goes_without_saying_is_left_out),
        cmocka_unit_test(an_apps_public_address_counts_more_than_the_servers),
        cmocka_unit_test(use_tls_is_https_where_no_scheme_is_given),
        cmocka_unit_test(a_public_host_may_be_a_whole_url),
        cmocka_unit_test(a_key_stands_in_a_path_whatever_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, release);
}
