#include "config/address.h"

#include "support/unit.h"

static void is_tcp(const char *text, const char *host, unsigned port, bool is_loopback)
{
    struct config_address address;
    struct buffer error = {0};

    assert_true(config_address_parse(text, &address, &error));
    assert_false(address.is_unix);
    assert_string_equal(address.host, host);
    assert_int_equal(address.port, port);
    assert_int_equal(config_address_is_loopback(&address), is_loopback);
    assert_int_equal(error.len, 0);
}

static void a_host_and_a_port_are_an_address(void **state)
{
    (void)state;
    is_tcp("127.0.0.1:9100", "127.0.0.1", 9100, true);
    is_tcp("127.1.2.3:0", "127.1.2.3", 0, true);
    is_tcp("localhost:1", "localhost", 1, true);
    is_tcp("[::1]:9100", "::1", 9100, true);
    is_tcp("[::]:9100", "::", 9100, false);
    is_tcp("0.0.0.0:65535", "0.0.0.0", 65535, false);
    is_tcp("10.0.0.1:80", "10.0.0.1", 80, false);
}

static void a_unix_socket_is_an_address_of_this_machine(void **state)
{
    struct config_address address;
    struct buffer error = {0};

    (void)state;
    assert_true(config_address_parse("unix:/run/reverb/admin.sock", &address, &error));
    assert_true(address.is_unix);
    assert_string_equal(address.path, "/run/reverb/admin.sock");
    assert_true(config_address_is_loopback(&address));
}

static void what_is_no_address_is_named_with_what_is_right(void **state)
{
    static const char *const wrong[] = {
        "",        "9100",  ":9100", "127.0.0.1", "host:",   "host:x",   "host:65536", "[::1]",
        "[::1:80", "[]:80", "unix:", "host:80 ",  "[::1]80", "host:+80", "host:-1"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct config_address address;
        struct buffer error = {0};

        assert_false(config_address_parse(wrong[i], &address, &error));
        assert_non_null(strstr(buffer_text(&error), wrong[i]));
        assert_non_null(strstr(buffer_text(&error), "127.0.0.1:9100"));
        buffer_deinit(&error);
    }
}

static void a_path_that_the_kernel_cannot_take_is_refused(void **state)
{
    struct config_address address;
    struct buffer error = {0};
    char text[256] = "unix:/";

    (void)state;
    memset(text + 6, 'x', 120);
    assert_false(config_address_parse(text, &address, &error));
    buffer_deinit(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_and_a_port_are_an_address),
        cmocka_unit_test(a_unix_socket_is_an_address_of_this_machine),
        cmocka_unit_test(what_is_no_address_is_named_with_what_is_right),
        cmocka_unit_test(a_path_that_the_kernel_cannot_take_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
