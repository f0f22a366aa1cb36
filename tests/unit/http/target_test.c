#include "http/target.h"

#include "support/unit.h"

/* What is left of it; NULL: it is refused. */
static void check(const char *target, const char *should)
{
    char *exact = unit_exact(bytes_of(target));
    struct bytes read = {exact, strlen(target)};

    assert_int_equal(http_target_read(&read), should != NULL);
    if (should != NULL)
        assert_bytes_equal(read, bytes_of(should));
    free(exact);
}

static void a_target_is_a_path_and_perhaps_a_query(void **state)
{
    (void)state;
    check("/", "/");
    check("*", "*");
    check("/apps/1/channels?info%5B%5D=a&info[]=b&x=/?",
          "/apps/1/channels?info%5B%5D=a&info[]=b&x=/?");
    check("/a;b@c:d,e=f!$&'()*+~-._", "/a;b@c:d,e=f!$&'()*+~-._");
    check("/0123456789abcdef%e2%82%AC0123456789abcdef",
          "/0123456789abcdef%e2%82%AC0123456789abcdef");
    check("", NULL);
    check("a", NULL);
    check("**", NULL);
    check("?a", NULL);
}

static void scheme_and_authority_are_cut_off(void **state)
{
    (void)state;
    check("http://h", "");
    check("HTTP://h:80/a?b", "/a?b");
    check("x://[::1]?b", "?b");
    check("http://h%41/", "/");
    check("http://h%4/", NULL);
    check("http://u@h/", NULL);
    check("http:///a", NULL);
    check("://h/", NULL);
    check("h:80", NULL);
}

static void what_stands_in_no_uri_is_refused_wherever_it_stands(void **state)
{
    static const char wrong[] = "\"#<>\\^`{|}\x7f\x80\xff \t\x01";

    (void)state;
    for (size_t c = 0; c < sizeof wrong - 1; c++)
        for (size_t at = 1; at < 40; at++) {
            char target[] = "/0123456789abcdef?123456789abcdef0123456";

            target[at] = wrong[c];
            check(target, NULL);
        }
}

static void an_escape_must_be_whole(void **state)
{
    (void)state;
    for (size_t at = 1; at < 37; at++) {
        char target[] = "/0123456789abcdef?0123456789abcdef012345";

        if (at >= 14 && at <= 17)
            continue; /* not two digits behind it */
        target[at] = '%';
        check(target, target);
        target[at + 2] = 'g';
        check(target, NULL);
        target[at + 2] = '\0';
        check(target, NULL);
        target[at + 1] = '\0';
        check(target, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_is_a_path_and_perhaps_a_query),
        cmocka_unit_test(scheme_and_authority_are_cut_off),
        cmocka_unit_test(what_stands_in_no_uri_is_refused_wherever_it_stands),
        cmocka_unit_test(an_escape_must_be_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
