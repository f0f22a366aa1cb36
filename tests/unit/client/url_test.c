#include "client/url.h"

#include "support/unit.h"

static void assert_url(const char *text, bool is_secure, const char *host, uint16_t port,
                       const char *path)
{
    struct buffer error = {0};
    struct client_url url;

    assert_true(client_url_parse(bytes_of(text), &url, &error));
    assert_int_equal(url.is_secure, is_secure);
    assert_string_equal(url.host, host);
    assert_int_equal(url.port, port);
    assert_string_equal(url.path, path);
    buffer_deinit(&error);
}

static void address_is_taken_apart(void **state)
{
    (void)state;
    assert_url("ws://localhost:8080", false, "localhost", 8080, "");
    assert_url("wss://example.com", true, "example.com", 443, "");
    assert_url("https://example.com/ws/", true, "example.com", 443, "/ws");
    assert_url("http://127.0.0.1/a/b", false, "127.0.0.1", 80, "/a/b");
    assert_url("ws://[::1]:9000/ws", false, "::1", 9000, "/ws");
    assert_url("localhost:81", false, "localhost", 81, "");
}

static void what_is_none_is_named_in_one_line(void **state)
{
    static const char *const wrong[] = {"",          "ftp://a",     "ws://",      "ws://:80",
                                        "ws://a:",   "ws://a:x",    "ws://a:0",   "ws://a:65536",
                                        "ws://[::1", "ws://[]:80/", "ws://[a]80", "ws://a:80:80"};
    struct client_url url;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct buffer error = {0};

        assert_false(client_url_parse(bytes_of(wrong[i]), &url, &error));
        assert_true(error.len > 0 && memchr(error.data, '\n', error.len) == NULL);
        buffer_deinit(&error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_is_taken_apart),
        cmocka_unit_test(what_is_none_is_named_in_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
