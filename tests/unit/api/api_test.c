#include "api/api.h"

#include "net/address_table.h"
#include "support/api_fixture.h"

static struct api_fixture fixture;

static int open_api(void **state)
{
    (void)state;
    api_fixture_open(&fixture, "");
    return 0;
}

static int open_prefixed(void **state)
{
    (void)state;
    api_fixture_open(&fixture, "/ws");
    return 0;
}

static int close_api(void **state)
{
    (void)state;
    api_fixture_close(&fixture);
    return 0;
}

#define API_TEST(name) cmocka_unit_test_setup_teardown(name, open_api, close_api)

static void check(const char *method, const char *target, unsigned status, const char *text)
{
    struct bytes answer;

    if (api_fixture_send(&fixture, method, target, BYTES(""), &answer) != status)
        fail_msg("%s %s: %s", method, target, buffer_text(&fixture.http.sent));
    assert_bytes_equal(answer, bytes_of(text));
}

static void routes_are_found_by_path_and_method(void **state)
{
    (void)state;
    check("GET", "/up", 200, "{\"health\":\"OK\"}");
    check("GET", "/up?x=1", 200, "{\"health\":\"OK\"}");
    check("POST", "/up", 405, "Method not allowed.");
    check("GET", "/app/key", 200, "websocket");
    assert_text(buffer_bytes(&fixture.websocket_key), "key");
    check("GET", "/app/a%20b?protocol=7", 200, "websocket");
    assert_text(buffer_bytes(&fixture.websocket_key), "a b");
    check("POST", "/app/key", 405, "Method not allowed.");
    assert_holds(buffer_bytes(&fixture.http.sent), "Allow: GET, HEAD\r\n");
    check("GET", "/apps/3/events", 405, "Method not allowed.");
    assert_holds(buffer_bytes(&fixture.http.sent), "Allow: POST\r\n");
    check("POST", "/apps/3/channels", 405, "Method not allowed.");
}

static void check_head(const char *target, unsigned status, const char *like)
{
    struct bytes answer;
    char length[64];

    assert_int_equal(api_fixture_send(&fixture, "HEAD", target, BYTES(""), &answer), status);
    assert_int_equal(answer.len, 0);
    snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n", strlen(like));
    if (strstr(buffer_text(&fixture.http.sent), length) == NULL)
        fail_msg("%s: %s", target, buffer_text(&fixture.http.sent));
}

static void head_is_get_without_the_body(void **state)
{
    struct bytes answer;

    (void)state;
    check_head("/up", 200, "{\"health\":\"OK\"}");
    check_head("/app/key", 200, "websocket");
    check_head("/nothing", 404, "Not found.");
    check_head("/apps/3/events", 405, "Method not allowed.");
    check_head("/apps/3/channels", 401, "Authentication signature invalid.");
    assert_int_equal(
        api_fixture_call(&fixture, "HEAD", "/apps/3/connections", "", BYTES(""), &answer), 200);
    assert_int_equal(answer.len, 0);
    assert_holds(buffer_bytes(&fixture.http.sent), "Content-Type: application/json\r\n");
    assert_holds(buffer_bytes(&fixture.http.sent), "Content-Length: 17\r\n");
}

static void what_is_no_route_is_not_found(void **state)
{
    static const char *const wrong[] = {"/",
                                        "//",
                                        "/up/",
                                        "/Up",
                                        "/app",
                                        "/app/",
                                        "/app/a/b",
                                        "/apps",
                                        "/apps/3",
                                        "/apps/3/",
                                        "/apps/3/event",
                                        "/apps/3/events/",
                                        "/apps/3/channels/",
                                        "/apps/3/channels//users",
                                        "/apps/3/users//terminate_connections",
                                        "/apps/3/channels/a/b",
                                        "/apps/3/channels/a/users/x",
                                        "/apps/3/users/1/terminate",
                                        "/apps/3/a/b/c/d/e/f/g",
                                        "/x/app/key",
                                        "/%00"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        check("GET", wrong[i], 404, "Not found.");
}

static void an_unknown_app_is_named(void **state)
{
    (void)state;
    check("GET", "/apps/x%20y/channels", 404, "No matching application for ID [x y].");
    check("GET", "/apps//channels", 404, "No matching application for ID [].");
}

static void with_a_prefix_browsers_must_use_it_and_publishers_may(void **state)
{
    (void)state;
    check("GET", "/ws/app/key", 200, "websocket");
    check("GET", "/app/key", 404, "Not found.");
    check("GET", "/wsapp/key", 404, "Not found.");
    check("GET", "/ws", 404, "Not found.");
    check("GET", "/ws/up", 200, "{\"health\":\"OK\"}");
    check("GET", "/up", 200, "{\"health\":\"OK\"}");
    check("GET", "/ws/apps/x/channels", 404, "No matching application for ID [x].");
    check("GET", "/apps/x/channels", 404, "No matching application for ID [x].");
    check("GET", "/ws/ws/up", 404, "Not found.");
}

static void expect_json(const char *method, const char *path, const char *more, const char *body,
                        const char *should)
{
    struct bytes answer;

    if (api_fixture_call(&fixture, method, path, more, bytes_of(body), &answer) != 200)
        fail_msg("%s %s: %s", method, path, buffer_text(&fixture.http.sent));
    assert_bytes_equal(answer, bytes_of(should));
    assert_holds(buffer_bytes(&fixture.http.sent), "Content-Type: application/json\r\n");
}

static void an_app_without_clients_is_described(void **state)
{
    (void)state;
    expect_json("GET", "/apps/3/connections", "", "", "{\"connections\":0}");
    expect_json("GET", "/apps/3/channels", "", "", "{\"channels\":{}}");
    expect_json("GET", "/apps/3/channels/a", "", "", "{\"occupied\":false}");
    expect_json("GET", "/apps/3/channels/a", "&info=user_count,subscription_count", "",
                "{\"occupied\":false}");
    expect_json("POST", "/apps/3/users/1/terminate_connections", "", "", "{}");
    expect_json("POST", "/apps/3/events", "", "{\"name\":\"e\",\"data\":\"\",\"channel\":\"a\"}",
                "{}");
    expect_json("POST", "/apps/3/events", "",
                "{\"name\":\"e\",\"data\":\"\",\"channels\":[\"a\",\"b\"],\"info\":\"occupied\"}",
                "{\"channels\":{\"a\":{\"occupied\":false},\"b\":{\"occupied\":false}}}");
    expect_json("POST", "/apps/3/batch_events", "", "{\"batch\":[]}", "{}");
    expect_json("POST", "/apps/3/batch_events", "",
                "{\"batch\":{\"10\":{\"name\":\"e\",\"data\":\"\",\"channel\":\"a\"}}}", "{}");
    expect_json("POST", "/apps/3/batch_events", "",
                "{\"batch\":[{\"name\":\"e\",\"data\":\"\",\"channel\":\"a\"},{\"name\":\"e\","
                "\"data\":\"\",\"channel\":\"b\",\"info\":\"occupied\"}]}",
                "{\"batch\":[{},{\"occupied\":false}]}");
}

static void the_channels_somebody_is_in_are_listed(void **state)
{
    struct channel *channels[2];
    struct bytes answer;
    bool is_first;
    json_t *root;

    (void)state;
    channels[0] = channel_registry_join(fixture.app->channels, BYTES("a\"1"), 0, &is_first);
    channels[1] = channel_registry_join(fixture.app->channels, BYTES("b"), 0, &is_first);
    assert_int_equal(api_fixture_call(&fixture, "GET", "/apps/3/channels",
                                      "&info=subscription_count", BYTES(""), &answer),
                     200);
    assert_int_equal(oracle_text(answer, &root), ORACLE_ACCEPTED);
    assert_int_equal(json_object_size(json_object_get(root, "channels")), 2);
    assert_non_null(json_object_get(json_object_get(root, "channels"), "a\"1"));
    json_decref(root);
    expect_json("GET", "/apps/3/channels", "&filter_by_prefix=b", "", "{\"channels\":{\"b\":{}}}");
    expect_json("GET", "/apps/3/channels/b", "&info=subscription_count", "",
                "{\"occupied\":true,\"subscription_count\":1}");
    for (int i = 0; i < 2; i++) {
        channel_registry_leave(channels[i], 0, true);
        channel_unref(channels[i]);
    }
}

#define MANY 5000

static struct channel *many[MANY];

static void join_many(void)
{
    for (size_t i = 0; i < MANY; i++) {
        char name[32];
        bool is_first;

        snprintf(name, sizeof name, "channel-%zu", i);
        many[i] = channel_registry_join(fixture.app->channels, bytes_of(name), 0, &is_first);
    }
}

static void leave_many(void)
{
    for (size_t i = 0; i < MANY; i++) {
        channel_registry_leave(many[i], 0, true);
        channel_unref(many[i]);
    }
}

static void append_list(struct buffer *requests)
{
    api_fixture_append_call(&fixture, requests, "GET", "/apps/3/channels",
                            "&info=subscription_count", BYTES(""));
}

static void a_long_list_is_written_piece_by_piece_and_is_whole(void **state)
{
    struct buffer requests = {0};
    struct bytes answer;
    json_t *root;

    (void)state;
    join_many();
    append_list(&requests);
    api_fixture_append_request(&requests, "GET", "/up", BYTES(""));
    buffer_clear(&fixture.http.sent);
    assert_true(http_fixture_feed(&fixture.http, buffer_bytes(&requests)));
    FIXTURE_UNTIL(&fixture.fixture,
                  fixture_receive(fixture.http.peer, &fixture.http.sent) &&
                      strstr(buffer_text(&fixture.http.sent), "\"health\"") != NULL);
    assert_int_equal(api_fixture_answer(&fixture, &answer), 200);
    answer.len = (size_t)(strstr(answer.data, "HTTP/1.1") - answer.data);
    assert_int_equal(oracle_text(answer, &root), ORACLE_ACCEPTED);
    assert_int_equal(json_object_size(json_object_get(root, "channels")), MANY);
    json_decref(root);
    buffer_deinit(&requests);
    leave_many();
}

static void a_long_list_for_who_has_gone_is_given_up(void **state)
{
    struct buffer request = {0};

    (void)state;
    join_many();
    append_list(&request);
    for (int i = 0; i < 20; i++) {
        fixture_send(fixture.http.peer, buffer_bytes(&request));
        fixture_turn(&fixture.fixture);
        http_fixture_disconnect(&fixture.http);
        http_fixture_connect(&fixture.http);
    }
    FIXTURE_UNTIL(&fixture.fixture, list_is_empty(&fixture.worker.slices.waiting));
    fixture_send(fixture.http.peer, buffer_bytes(&request)); /* and one that never ends */
    buffer_deinit(&request);
    leave_many();
}

static void only_presence_channels_have_users(void **state)
{
    struct channel *channel;
    struct bytes answer;
    bool is_first;

    (void)state;
    assert_int_equal(
        api_fixture_call(&fixture, "GET", "/apps/3/channels/a/users", "", BYTES(""), &answer), 400);
    assert_int_equal(api_fixture_call(&fixture, "GET", "/apps/3/channels/presence-a/users", "",
                                      BYTES(""), &answer),
                     404);
    channel = channel_registry_join(fixture.app->channels, BYTES("presence-a"), 0, &is_first);
    channel_presence_join(channel->presence, BYTES("u\"1"), BYTES("{}"), &is_first, &(uint32_t){0});
    channel_presence_list(channel->presence, BYTES("u\"1"), BYTES("{}"));
    expect_json("GET", "/apps/3/channels/presence-a/users", "", "",
                "{\"users\":[{\"id\":\"u\\\"1\"}]}");
    channel_registry_leave(channel, 0, true);
    channel_unref(channel);
}

#define MEMBERS 100000

static void many_users_are_written_piece_by_piece_and_are_those_of_one_moment(void **state)
{
    struct buffer request = {0};
    struct channel *channel;
    struct bytes answer;
    bool is_first;
    json_t *root;

    (void)state;
    channel = channel_registry_join(fixture.app->channels, BYTES("presence-a"), 0, &is_first);
    for (size_t i = 0; i < MEMBERS; i++) {
        char id[32];

        snprintf(id, sizeof id, "user-%zu", i);
        channel_presence_list(channel->presence, bytes_of(id), BYTES("{}"));
    }
    api_fixture_append_call(&fixture, &request, "GET", "/apps/3/channels/presence-a/users", "",
                            BYTES(""));
    buffer_clear(&fixture.http.sent);
    fixture_send(fixture.http.peer, buffer_bytes(&request));
    fixture_turn(&fixture.fixture);
    assert_false(list_is_empty(&fixture.worker.slices.waiting));
    channel_presence_unlist(channel->presence, BYTES("user-0"));
    FIXTURE_UNTIL(&fixture.fixture, list_is_empty(&fixture.worker.slices.waiting));
    FIXTURE_UNTIL(&fixture.fixture, fixture_receive(fixture.http.peer, &fixture.http.sent) &&
                                        strstr(buffer_text(&fixture.http.sent), "}]}") != NULL);
    assert_int_equal(api_fixture_answer(&fixture, &answer), 200);
    assert_int_equal(oracle_text(answer, &root), ORACLE_ACCEPTED);
    assert_int_equal(json_array_size(json_object_get(root, "users")), MEMBERS);
    json_decref(root);
    buffer_deinit(&request);
    channel_registry_leave(channel, 0, true);
    channel_unref(channel);
}

static void a_body_that_is_no_json_is_400_and_what_does_not_hold_422(void **state)
{
    static const char *const no_json[] = {"", "{", "x", "{\"name\":\"\xff\"}", "{}{}"};
    static const char *const invalid[] = {"{}", "[]", "1", "\"x\"", "{\"name\":\"e\"}"};
    struct bytes answer;
    json_t *root;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(
            api_fixture_call(&fixture, "POST", "/apps/3/events", "", bytes_of(no_json[i]), &answer),
            400);
        assert_int_equal(
            api_fixture_call(&fixture, "POST", "/apps/3/events", "", bytes_of(invalid[i]), &answer),
            422);
        assert_int_equal(oracle_text(answer, &root), ORACLE_ACCEPTED);
        assert_true(json_object_size(root) > 0);
        json_decref(root);
    }
    assert_int_equal(
        api_fixture_call(&fixture, "POST", "/apps/3/batch_events", "",
                         BYTES("{\"batch\":[{\"name\":\"e\",\"data\":\"\",\"channel\":\"a\"},{}]}"),
                         &answer),
        422);
    assert_holds(answer, "\"batch.1.name\":[\"");
    assert_int_equal(metrics_read(&fixture.metrics.events_published), 0);
}

static void an_id_with_a_control_character_names_no_user(void **state)
{
    static const char *const paths[] = {"/apps/3/users/bob%00x/terminate_connections",
                                        "/apps/3/users/%0A/terminate_connections",
                                        "/apps/3/users/a%C2%85/terminate_connections"};
    struct bytes answer;

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        assert_int_equal(api_fixture_call(&fixture, "POST", paths[i], "", BYTES(""), &answer), 400);
}

static void each_request_is_counted(void **state)
{
    (void)state;
    check("GET", "/up", 200, "{\"health\":\"OK\"}");
    check("GET", "/x", 404, "Not found.");
    assert_int_equal(metrics_read(&fixture.metrics.requests_handled), 2);
}

static void who_balances_is_told_when_not_to_send_clients(void **state)
{
    atomic_size_t stalled_count = 1;
    atomic_bool is_lame_duck = true;

    (void)state;
    fixture.api.stalled_workers_count = &stalled_count;
    fixture.api.is_lame_duck = &is_lame_duck;
    check("GET", "/up", 503, "{\"health\":\"a worker has stalled\"}");
    atomic_store(&stalled_count, 0);
    check("GET", "/up", 503, "{\"health\":\"the server is about to end\"}");
    atomic_store(&is_lame_duck, false);
    check("GET", "/up", 200, "{\"health\":\"OK\"}");
}

static void an_address_makes_so_many_requests_to_an_app(void **state)
{
    struct net_address_table *table = net_address_table_new();
    struct ip_range unix_range;
    const struct ip_ranges proxies = {&unix_range, 1};
    struct buffer request = {0};
    struct bytes answer;

    (void)state;
    assert_true(ip_range_parse(BYTES("unix"), &unix_range));
    fixture.app_settings.address_limits.requests_per_s = 1;
    fixture.fixture.loop.addresses = table;
    fixture.fixture.loop.unlimited = &proxies;
    fixture.http.settings.trusted_proxies = &proxies;
    close(fixture.http.peer);
    http_fixture_connect(&fixture.http);
    buffer_append_text(&request, "GET /apps/3/channels HTTP/1.1\r\nHost: x\r\n"
                                 "X-Forwarded-For: 192.0.2.1\r\n\r\n");
    do {
        api_fixture_feed(&fixture, &request);
    } while (api_fixture_answer(&fixture, &answer) == 401); /* it is not signed, and counts */
    assert_int_equal(api_fixture_answer(&fixture, &answer), 429);
    assert_bytes_equal(answer, BYTES("Too many requests from this address."));
    buffer_deinit(&request);
    http_fixture_deinit(&fixture.http);
    fixture_turn(&fixture.fixture);
    http_fixture_init(&fixture.http, &fixture.fixture, 10000);
    http_fixture_connect(&fixture.http);
    fixture.fixture.loop.addresses = NULL;
    net_address_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(routes_are_found_by_path_and_method),
        API_TEST(head_is_get_without_the_body),
        API_TEST(what_is_no_route_is_not_found),
        API_TEST(an_unknown_app_is_named),
        cmocka_unit_test_setup_teardown(with_a_prefix_browsers_must_use_it_and_publishers_may,
                                        open_prefixed, close_api),
        API_TEST(an_app_without_clients_is_described),
        API_TEST(the_channels_somebody_is_in_are_listed),
        API_TEST(a_long_list_is_written_piece_by_piece_and_is_whole),
        API_TEST(a_long_list_for_who_has_gone_is_given_up),
        API_TEST(only_presence_channels_have_users),
        API_TEST(many_users_are_written_piece_by_piece_and_are_those_of_one_moment),
        API_TEST(a_body_that_is_no_json_is_400_and_what_does_not_hold_422),
        API_TEST(an_id_with_a_control_character_names_no_user),
        API_TEST(each_request_is_counted),
        API_TEST(who_balances_is_told_when_not_to_send_clients),
        API_TEST(an_address_makes_so_many_requests_to_an_app),
    };

    return FIXTURE_RUN_BOTH_WAYS(tests);
}
