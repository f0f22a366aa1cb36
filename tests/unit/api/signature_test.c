#include "api/signature.h"

#include "support/api_fixture.h"

#include <time.h>

static struct api_fixture fixture;

static int open_api(void **state)
{
    (void)state;
    api_fixture_open(&fixture, "");
    return 0;
}

static int close_api(void **state)
{
    (void)state;
    api_fixture_close(&fixture);
    return 0;
}

#define API_TEST(name) cmocka_unit_test_setup_teardown(name, open_api, close_api)

/* Pusher Channels, "HTTP API", "Generating authentication signatures": the worked example. */
#define EXAMPLE_BODY \
    "{\"name\":\"foo\",\"channels\":[\"project-3\"],\"data\":\"{\\\"some\\\":\\\"data\\\"}\"}"
#define EXAMPLE_QUERY                                             \
    "body_md5=ec365a775a4cd0599faeb73354201b6f&auth_version=1.0&" \
    "auth_key=278d425bdf160c739803&auth_timestamp=1353088179"
#define EXAMPLE_SIGNATURE "da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"

static unsigned post_example(const char *query, const char *body)
{
    struct buffer target = {0};
    struct bytes answer;
    unsigned status;

    buffer_printf(&target, "/apps/3/events?%s", query);
    status = api_fixture_send(&fixture, "POST", buffer_text(&target), bytes_of(body), &answer);
    if (status == 401)
        assert_text(answer, "Authentication signature invalid.");
    buffer_deinit(&target);
    return status;
}

static void the_example_of_pushers_documentation_is_right(void **state)
{
    (void)state;
    assert_int_equal(post_example(EXAMPLE_QUERY "&auth_signature=" EXAMPLE_SIGNATURE, EXAMPLE_BODY),
                     200);
    /* Wherever it stands among the parameters. */
    assert_int_equal(
        post_example("auth_signature=" EXAMPLE_SIGNATURE "&" EXAMPLE_QUERY, EXAMPLE_BODY), 200);
}

static void any_other_signature_is_refused(void **state)
{
    char query[] = EXAMPLE_QUERY "&auth_signature=" EXAMPLE_SIGNATURE;

    (void)state;
    for (size_t i = sizeof query - 65; i < sizeof query - 1; i++) {
        const char was = query[i];

        query[i] = was == 'a' ? 'b' : 'a';
        assert_int_equal(post_example(query, EXAMPLE_BODY), 401);
        query[i] = was;
    }
    assert_int_equal(post_example(EXAMPLE_QUERY, EXAMPLE_BODY), 401);
    assert_int_equal(post_example(EXAMPLE_QUERY "&auth_signature=", EXAMPLE_BODY), 401);
    assert_int_equal(post_example("", EXAMPLE_BODY), 401);
}

static void another_body_or_parameter_is_refused(void **state)
{
    (void)state;
    assert_int_equal(
        post_example(EXAMPLE_QUERY "&auth_signature=" EXAMPLE_SIGNATURE, EXAMPLE_BODY " "), 401);
    assert_int_equal(post_example(EXAMPLE_QUERY "&auth_signature=" EXAMPLE_SIGNATURE, ""), 401);
    assert_int_equal(
        post_example(EXAMPLE_QUERY "&x=1&auth_signature=" EXAMPLE_SIGNATURE, EXAMPLE_BODY), 401);
    assert_int_equal(post_example(EXAMPLE_QUERY "&auth_key=other&auth_signature=" EXAMPLE_SIGNATURE,
                                  EXAMPLE_BODY),
                     401);
}

static void the_body_counts_by_what_came_not_by_what_is_claimed(void **state)
{
    (void)state;
    assert_int_equal(post_example("body_md5=00000000000000000000000000000000&auth_version=1.0&"
                                  "auth_key=278d425bdf160c739803&auth_timestamp=1353088179&"
                                  "auth_signature=" EXAMPLE_SIGNATURE,
                                  EXAMPLE_BODY),
                     200);
    assert_int_equal(post_example("auth_version=1.0&auth_key=278d425bdf160c739803&"
                                  "auth_timestamp=1353088179&auth_signature=" EXAMPLE_SIGNATURE,
                                  EXAMPLE_BODY),
                     200);
}

/* GETs channels with `query`, signed as `signed_query`. */
static unsigned get(const char *query, const char *signed_query)
{
    struct buffer target = {0};
    struct bytes answer;
    unsigned status;

    buffer_printf(&target, "/apps/3/channels?%s", query);
    api_fixture_sign(&fixture, "GET", "/apps/3/channels", signed_query, &target);
    status = api_fixture_send(&fixture, "GET", buffer_text(&target), BYTES(""), &answer);
    buffer_deinit(&target);
    return status;
}

#define KEY "auth_key=278d425bdf160c739803"

static void parameters_are_signed_sorted_and_decoded(void **state)
{
    (void)state;
    assert_int_equal(get("z=1&" KEY "&a=2", "a=2&" KEY "&z=1"), 200);
    assert_int_equal(get(KEY "&filter_by_prefix=a%20b%2Cc+d", KEY "&filter_by_prefix=a b,c d"),
                     200);
    assert_int_equal(get(KEY "&info=", KEY "&info="), 200);
    assert_int_equal(get("auth%5Fkey=278d425bdf160c739803", KEY), 200);
    assert_int_equal(get(KEY "&b=1&ab=2&a=3", "a=3&ab=2&" KEY "&b=1"), 200);
}

static void arrays_are_joined_with_commas(void **state)
{
    (void)state;
    assert_int_equal(get(KEY "&info[]=user_count&info[]=cache", KEY "&info=user_count,cache"), 200);
    assert_int_equal(get(KEY "&info%5B0%5D=a&info%5B1%5D=b&info%5B2%5D=c", KEY "&info=a,b,c"), 200);
}

#define MD5_OF_NOTHING "body_md5=d41d8cd98f00b204e9800998ecf8427e"

/* As the SDK for Ruby does. */
static void a_list_may_be_signed_element_by_element(void **state)
{
    (void)state;
    assert_int_equal(
        get(KEY "&info%5B%5D=user%5Fcount&info[]=cache", KEY "&info[]=user_count&info[]=cache"),
        200);
    assert_int_equal(get("info[]=x&" KEY "&" MD5_OF_NOTHING, KEY "&" MD5_OF_NOTHING "&info[]=x"),
                     200);
    assert_int_equal(get(KEY "&info[]=a&info[]=b", KEY "&info[]=b&info[]=a"), 401);
    assert_int_equal(get(KEY "&info[]=a", KEY "&info[]=b"), 401);
}

static void parameters_may_be_signed_exactly_as_they_were_sent(void **state)
{
    (void)state;
    assert_int_equal(get("z=%41&" KEY "&info%5B%5D=a%20b+c", "z=%41&" KEY "&info%5B%5D=a%20b+c"),
                     200);
    assert_int_equal(get("z=%41&" KEY, "z=%42&" KEY), 401);
}

static void the_md5_of_an_empty_body_counts_and_must_be_right(void **state)
{
    (void)state;
    assert_int_equal(get(KEY "&" MD5_OF_NOTHING, KEY "&" MD5_OF_NOTHING), 200);
    assert_int_equal(get(KEY "&" MD5_OF_NOTHING "&info=a", KEY "&" MD5_OF_NOTHING "&info=a"), 200);
    assert_int_equal(get(KEY "&" MD5_OF_NOTHING, KEY), 401);
    assert_int_equal(get(KEY "&body_md5=4", KEY "&body_md5=4"), 401);
    assert_int_equal(get(KEY "&body_md5=4", KEY "&" MD5_OF_NOTHING), 401);
    assert_int_equal(get(KEY "&body_md5=", KEY "&body_md5="), 401);
}

/* In whichever of the ways it is signed. */
static void what_signs_is_no_list(void **state)
{
    static const char *const queries[][2] = {
        {"auth_key[]=278d425bdf160c739803", KEY},
        {"auth_key[]=278d425bdf160c739803", "auth_key[]=278d425bdf160c739803"},
        {KEY "&auth_timestamp[]=1", KEY "&auth_timestamp=1"},
        {KEY "&auth_timestamp[]=1", KEY "&auth_timestamp[]=1"},
        {KEY "&auth_version%5B0%5D=1.0", KEY "&auth_version=1.0"},
        {KEY "&auth_signature[]=1", KEY},
        {KEY "&body_md5[]=d41d8cd98f00b204e9800998ecf8427e", KEY "&" MD5_OF_NOTHING},
        {KEY "&body_md5[]=d41d8cd98f00b204e9800998ecf8427e",
         KEY "&body_md5[]=d41d8cd98f00b204e9800998ecf8427e"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++)
        assert_int_equal(get(queries[i][0], queries[i][1]), 401);
}

static void who_may_get_may_ask_for_the_head(void **state)
{
    static const char *const methods[] = {"HEAD", "GET", "POST"};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct buffer target = {0};
        struct bytes answer;

        buffer_append_text(&target, "/apps/3/channels?" KEY);
        api_fixture_sign(&fixture, methods[i], "/apps/3/channels", KEY, &target);
        assert_int_equal(
            api_fixture_send(&fixture, "HEAD", buffer_text(&target), BYTES(""), &answer),
            i < 2 ? 200 : 401);
        buffer_deinit(&target);
    }
}

static void of_two_parameters_of_a_name_the_last_counts(void **state)
{
    (void)state;
    assert_int_equal(get(KEY "&a=1&a=2", "a=2&" KEY), 200);
    assert_int_equal(get(KEY "&a=1&a=2", "a=1&" KEY), 401);
    assert_int_equal(get(KEY "&a[]=1&a=2", "a=2&" KEY), 200);
}

static void what_reverb_leaves_out_is_left_out(void **state)
{
    (void)state;
    assert_int_equal(get(KEY "&appId=1&appKey=2&channelName=3", KEY), 200);
}

static void another_key_than_the_apps_is_refused(void **state)
{
    (void)state;
    assert_int_equal(get("auth_key=other", "auth_key=other"), 401);
    assert_int_equal(get("a=1", "a=1"), 401);
}

static void too_many_parameters_are_refused(void **state)
{
    struct buffer query = {0};

    (void)state;
    for (int i = 0; i < 100; i++)
        buffer_printf(&query, "p%d=1&", i);
    buffer_append_text(&query, KEY);
    assert_int_equal(get(buffer_text(&query), buffer_text(&query)), 401);
    buffer_deinit(&query);
}

static void a_path_may_be_signed_before_it_is_escaped(void **state)
{
    static const char *const signed_paths[] = {"/apps/3/channels/a%20b", "/apps/3/channels/a b"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct buffer target = {0};
        struct bytes answer;

        buffer_append_text(&target, "/apps/3/channels/a%20b?" KEY);
        api_fixture_sign(&fixture, "GET", signed_paths[i], KEY, &target);
        assert_int_equal(
            api_fixture_send(&fixture, "GET", buffer_text(&target), BYTES(""), &answer), 200);
        buffer_deinit(&target);
    }
}

static void where_it_is_asked_for_a_refusal_says_what_should_have_been_signed(void **state)
{
    char log[] = "/tmp/reverb-signature-XXXXXX";
    const int fd = mkstemp(log);
    const int was = dup(STDERR_FILENO);
    static char text[1000];

    (void)state;
    assert_true(fd >= 0 && was >= 0 && dup2(fd, STDERR_FILENO) >= 0);
    unlink(log);
    fixture.api.is_debug = true;
    assert_int_equal(get(KEY "&info=%00%0d", "x"), 401);
    assert_true(dup2(was, STDERR_FILENO) >= 0);
    close(was);
    assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
    close(fd);
    if (strstr(text, "GET\\n/apps/3/channels\\n" KEY "&info=\\u0000\\r") == NULL)
        fail_msg("%s", text);
}

static unsigned get_at(int64_t timestamp)
{
    char query[128];

    snprintf(query, sizeof query, KEY "&auth_timestamp=%lld", (long long)timestamp);
    return get(query, query);
}

static void a_time_too_far_off_is_refused_where_the_app_says_so(void **state)
{
    const int64_t now = (int64_t)time(NULL);

    (void)state;
    fixture.app_settings.auth_timestamp_tolerance_s = 600;
    assert_int_equal(get_at(now), 200);
    assert_int_equal(get_at(now - 590), 200);
    assert_int_equal(get_at(now + 590), 200);
    assert_int_equal(get_at(now - 610), 401);
    assert_holds(buffer_bytes(&fixture.http.sent), "seconds behind");
    assert_int_equal(get_at(now + 620), 401);
    assert_holds(buffer_bytes(&fixture.http.sent), "seconds ahead of");
    assert_int_equal(get_at(INT64_MAX), 401);
    assert_int_equal(get_at(0), 401);
    assert_int_equal(get_at(-1), 401);
    assert_int_equal(get(KEY, KEY), 401);
    assert_holds(buffer_bytes(&fixture.http.sent), "auth_timestamp");
    /* Who does not know the secret learns nothing of our clock. */
    assert_int_equal(get(KEY "&auth_timestamp=1", "x"), 401);
    assert_holds(buffer_bytes(&fixture.http.sent), "Authentication signature invalid.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(the_example_of_pushers_documentation_is_right),
        API_TEST(any_other_signature_is_refused),
        API_TEST(another_body_or_parameter_is_refused),
        API_TEST(the_body_counts_by_what_came_not_by_what_is_claimed),
        API_TEST(parameters_are_signed_sorted_and_decoded),
        API_TEST(arrays_are_joined_with_commas),
        API_TEST(a_list_may_be_signed_element_by_element),
        API_TEST(parameters_may_be_signed_exactly_as_they_were_sent),
        API_TEST(the_md5_of_an_empty_body_counts_and_must_be_right),
        API_TEST(what_signs_is_no_list),
        API_TEST(who_may_get_may_ask_for_the_head),
        API_TEST(of_two_parameters_of_a_name_the_last_counts),
        API_TEST(what_reverb_leaves_out_is_left_out),
        API_TEST(another_key_than_the_apps_is_refused),
        API_TEST(too_many_parameters_are_refused),
        API_TEST(a_path_may_be_signed_before_it_is_escaped),
        API_TEST(where_it_is_asked_for_a_refusal_says_what_should_have_been_signed),
        API_TEST(a_time_too_far_off_is_refused_where_the_app_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
