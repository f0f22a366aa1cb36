#include "config/redis_url.h"

#include "support/unit.h"

/* "scheme host port username password database timeout", "-" for what is not said. */
static void assert_parts(const char *text, const char *should)
{
    struct config_redis_url url;
    const char *problem = config_redis_url_parse(text, &url);
    const char *const parts[] = {url.scheme,   url.host,     url.port,   url.username,
                                 url.password, url.database, url.timeout};
    struct buffer is = {0};

    if (problem != NULL)
        fail_msg("%s: %s", text, problem);
    for (size_t i = 0; i < 7; i++)
        buffer_printf(&is, "%s%s", i == 0 ? "" : " ", parts[i] != NULL ? parts[i] : "-");
    assert_string_equal(buffer_text(&is), should);
    buffer_deinit(&is);
    config_redis_url_deinit(&url);
}

static void assert_problem(const char *text, const char *should)
{
    struct config_redis_url url;
    const char *problem = config_redis_url_parse(text, &url);

    assert_non_null(problem);
    assert_string_equal(problem, should);
    assert_null(url.scheme);
    assert_null(url.password);
}

static void a_url_says_what_it_says_and_no_more(void **state)
{
    (void)state;
    assert_parts("redis://localhost", "redis localhost - - - - -");
    assert_parts("redis://localhost/", "redis localhost - - - - -");
    assert_parts("tcp://h:1", "tcp h 1 - - - -");
    assert_parts("rediss://h:6380/3", "rediss h 6380 - - 3 -");
    assert_parts("TLS://h", "tls h - - - - -");
    assert_parts("redis://user:word@h:1/2?timeout=5", "redis h 1 user word 2 5");
    assert_parts("redis://user@h", "redis h - user - - -");
    assert_parts("redis://h:", "redis h - - - - -");
}

static void an_empty_user_is_said_to_be_none(void **state)
{
    (void)state;
    assert_parts("redis://:word@h", "redis h -  word - -");
    assert_parts("redis://@h", "redis h -  - - -");
}

static void escapes_are_resolved_and_what_is_none_stays(void **state)
{
    (void)state;
    assert_parts("redis://a%40b:%2f%3A%23+%zz%4@h", "redis h - a@b /:#+%zz%4 - -");
    assert_parts("redis://:p@ss@h", "redis h -  p@ss - -");
    assert_parts("redis://:a:b@h", "redis h -  a:b - -");
    assert_parts("unix:///run/a%20b.sock", "unix /run/a b.sock - - - - -");
}

static void an_address_of_version_6_stands_in_brackets(void **state)
{
    (void)state;
    assert_parts("redis://[::1]:6379/1", "redis ::1 6379 - - 1 -");
    assert_parts("redis://u:p@[fe80::1]", "redis fe80::1 - u p - -");
    assert_problem("redis://[::1", "the [ of its host has no ]");
    assert_problem("redis://[::1]6379", "its host is followed by something else than a port");
}

static void a_unix_socket_is_a_path(void **state)
{
    (void)state;
    assert_parts("unix:///run/redis.sock?db=1", "unix /run/redis.sock - - - 1 -");
    assert_parts("unix://u:p@/run/redis.sock", "unix /run/redis.sock - u p - -");
    assert_problem("unix://run/redis.sock",
                   "it has no path; a Unix socket's is as in unix:///run/redis.sock");
    assert_problem("unix:///", "it has no path; a Unix socket's is as in unix:///run/redis.sock");
}

static void options_come_after_and_win(void **state)
{
    struct config_redis_url url;

    (void)state;
    assert_parts("redis://a:b@h/1?db=2", "redis h - a b 2 -");
    assert_parts("redis://h?database=4&username=u&password=p%20q", "redis h - u p q 4 -");
    assert_null(config_redis_url_parse("redis://h?&db=1&&read_timeout=60#x", &url));
    assert_true(url.has_more);
    config_redis_url_deinit(&url);
    assert_null(config_redis_url_parse("redis://h?db=1#?x=1", &url));
    assert_false(url.has_more);
    config_redis_url_deinit(&url);
}

static void what_is_wrong_is_said_without_a_word_of_it(void **state)
{
    static const char scheme[] =
        "it begins with none of redis://, rediss://, tcp://, tls:// and unix://";

    (void)state;
    assert_problem("", scheme);
    assert_problem("localhost:6379", scheme);
    assert_problem("http://h", scheme);
    assert_problem("redis:/h", scheme);
    assert_problem("redis://", "it has no host");
    assert_problem("redis://:6379", "it has no host");
    assert_problem("redis://u:p@/0", "it has no host");
    assert_problem("redis://:s3cr3t/x@h", "it has no host");
    assert_problem("redis://u:s3cr3t/x@h", "its port is not from 1 to 65535");
    assert_problem("redis://h:0", "its port is not from 1 to 65535");
    assert_problem("redis://h:65536", "its port is not from 1 to 65535");
    assert_problem("redis://h/a", "its database is not a number");
    assert_problem("redis://h/1/2", "its database is not a number");
    assert_problem("redis://h?db=-1", "its database is not a number");
    assert_problem("redis://h?timeout=1.5", "its timeout is not a number of seconds");
    assert_problem("redis://a%00b@h", "its user or password holds a NUL");
    assert_problem("redis://:a%00b@h", "its user or password holds a NUL");
    assert_problem("redis://%00", "it has no host");
    assert_problem("redis://h?password=%00", "an option of it holds a NUL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_says_what_it_says_and_no_more),
        cmocka_unit_test(an_empty_user_is_said_to_be_none),
        cmocka_unit_test(escapes_are_resolved_and_what_is_none_stays),
        cmocka_unit_test(an_address_of_version_6_stands_in_brackets),
        cmocka_unit_test(a_unix_socket_is_a_path),
        cmocka_unit_test(options_come_after_and_win),
        cmocka_unit_test(what_is_wrong_is_said_without_a_word_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
