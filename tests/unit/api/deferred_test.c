#include "api/deferred.h"

#include "support/api_fixture.h"
#include "support/cluster_fake.h"

static struct api_fixture fixture;
static struct cluster cluster;

static int open_api(void **state)
{
    (void)state;
    api_fixture_open(&fixture, "");
    cluster = (struct cluster){.is_connected = true};
    fixture.api.cluster = &cluster;
    fixture.api.queries = &cluster_fake_queries;
    return 0;
}

static int close_api(void **state)
{
    (void)state;
    assert_int_equal(cluster.waiting_count, 0);
    api_fixture_close(&fixture);
    buffer_deinit(&cluster.asked);
    return 0;
}

#define LATER_TEST(name) cmocka_unit_test_setup_teardown(name, open_api, close_api)

static const struct cluster_query_answer unknown;

/* Calls, and sees that the cluster is asked so before anything is answered. */
static void ask(const char *method, const char *path, const char *more, const char *body,
                const char *asked)
{
    struct buffer request = {0};

    buffer_clear(&cluster.asked);
    api_fixture_append_call(&fixture, &request, method, path, more, bytes_of(body));
    api_fixture_feed(&fixture, &request);
    buffer_deinit(&request);
    assert_int_equal(fixture.http.sent.len, 0);
    assert_bytes_equal(buffer_bytes(&cluster.asked), bytes_of(asked));
}

static void answer(const struct cluster_query_answer *text, unsigned status, const char *should)
{
    struct bytes body;

    cluster_fake_answer(&cluster, text);
    FIXTURE_UNTIL(&fixture.fixture, fixture_receive(fixture.http.peer, &fixture.http.sent) &&
                                        fixture.http.sent.len > 0);
    assert_int_equal(api_fixture_answer(&fixture, &body), status);
    assert_bytes_equal(body, bytes_of(should));
}

static const struct cluster_query_answer taken = {.is_known = true};

/* What was published is taken; only then it is asked for more. */
static void take(const char *asked)
{
    buffer_clear(&cluster.asked);
    cluster_fake_answer(&cluster, &taken);
    FIXTURE_UNTIL(&fixture.fixture, cluster.asked.len > 0);
    assert_int_equal(fixture.http.sent.len, 0);
    assert_bytes_equal(buffer_bytes(&cluster.asked), bytes_of(asked));
}

static struct channel *join(const char *name)
{
    bool is_first;

    return channel_registry_join(fixture.app->channels, bytes_of(name), 0, &is_first);
}

static void leave(struct channel *channel)
{
    channel_registry_leave(channel, 0, true);
    channel_unref(channel);
}

/* --- what is asked and answered ------------------------------------------------------------- */

static void connections_are_those_of_all_nodes(void **state)
{
    (void)state;
    atomic_store(&fixture.app->connections_count, 2);
    ask("GET", "/apps/3/connections", "", "", "connections 3 \n");
    answer(&(struct cluster_query_answer){.is_known = true, .connections_count = 12}, 200,
           "{\"connections\":12}");
    ask("GET", "/apps/3/connections", "", "", "connections 3 \n");
    answer(&unknown, 200, "{\"connections\":2}");
    atomic_store(&fixture.app->connections_count, 0);
}

static void channels_of_all_nodes_are_listed(void **state)
{
    static const struct cluster_query_channel channels[] = {
        {.name = BYTES("presence-\"1"), .subscription_count = 3, .user_count = 2},
        {.name = BYTES("presence-cache-2"),
         .subscription_count = 1,
         .user_count = 1,
         .cached = BYTES("\x81\x0d{\"event\":\"e\"}"),
         .cached_ttl_ms = 1001},
    };
    struct channel *local[] = {join("presence-local"), join("b")};

    (void)state;
    ask("GET", "/apps/3/channels", "&filter_by_prefix=presence-&info=user_count,cache", "",
        "list 3 presence- users kept\n");
    answer(
        &(struct cluster_query_answer){.is_known = true, .channels = channels, .channels_count = 2},
        200,
        "{\"channels\":{\"presence-\\\"1\":{\"user_count\":2},"
        "\"presence-cache-2\":{\"user_count\":1,\"cache\":{\"event\":\"e\",\"ttl\":2}}}}");
    ask("GET", "/apps/3/channels", "", "", "list 3 \n");
    answer(&(struct cluster_query_answer){.is_known = true}, 200, "{\"channels\":{}}");
    ask("GET", "/apps/3/channels", "&filter_by_prefix=presence-&info=user_count", "",
        "list 3 presence- users\n");
    answer(&unknown, 200, "{\"channels\":{\"presence-local\":{\"user_count\":0}}}");
    leave(local[0]);
    leave(local[1]);
}

static void a_channel_is_shown_as_all_nodes_know_it(void **state)
{
    static const struct cluster_query_channel channel = {.name = BYTES("a b"),
                                                         .subscription_count = 5};
    static const struct cluster_query_channel nobodys = {.name = BYTES("a b")};
    struct channel *local = join("a b");

    (void)state;
    ask("GET", "/apps/3/channels/a%20b", "&info=subscription_count", "", "channels 3 a b\n");
    answer(
        &(struct cluster_query_answer){.is_known = true, .channels = &channel, .channels_count = 1},
        200, "{\"occupied\":true,\"subscription_count\":5}");
    ask("GET", "/apps/3/channels/a%20b", "&info=subscription_count", "", "channels 3 a b\n");
    answer(
        &(struct cluster_query_answer){.is_known = true, .channels = &nobodys, .channels_count = 1},
        200, "{\"occupied\":false}");
    ask("GET", "/apps/3/channels/a%20b", "&info=subscription_count", "", "channels 3 a b\n");
    answer(&unknown, 200, "{\"occupied\":true,\"subscription_count\":1}");
    leave(local);
}

static void users_are_those_of_all_nodes(void **state)
{
    static const struct bytes ids[] = {BYTES("u\"1"), BYTES("u2")};
    static const struct cluster_query_channel channel = {
        .name = BYTES("presence-a"), .subscription_count = 3, .user_count = 2};
    static const struct cluster_query_channel nobodys = {.name = BYTES("presence-a")};
    struct channel *local = join("presence-a");
    bool is_first;

    (void)state;
    channel_presence_join(local->presence, BYTES("here"), BYTES("{}"), &is_first, &(uint32_t){0});
    channel_presence_list(local->presence, BYTES("here"), BYTES("{}"));
    ask("GET", "/apps/3/channels/presence-a/users", "", "", "users 3 presence-a\n");
    answer(&(struct cluster_query_answer){.is_known = true,
                                          .channels = &channel,
                                          .channels_count = 1,
                                          .users = ids,
                                          .users_count = 2},
           200, "{\"users\":[{\"id\":\"u\\\"1\"},{\"id\":\"u2\"}]}");
    ask("GET", "/apps/3/channels/presence-a/users", "", "", "users 3 presence-a\n");
    answer(
        &(struct cluster_query_answer){.is_known = true, .channels = &nobodys, .channels_count = 1},
        404, "The channel is not occupied.");
    ask("GET", "/apps/3/channels/presence-a/users", "", "", "users 3 presence-a\n");
    answer(&unknown, 200, "{\"users\":[{\"id\":\"here\"}]}");
    leave(local);
    ask("GET", "/apps/3/channels/presence-a/users", "", "", "users 3 presence-a\n");
    answer(&unknown, 404, "The channel is not occupied.");
}

/* --- page by page --------------------------------------------------------------------------- */

static void a_list_comes_page_by_page(void **state)
{
    static const struct cluster_query_channel channels[] = {
        {.name = BYTES("a"), .subscription_count = 1},
        {.name = BYTES("b"), .subscription_count = 1}};
    struct channel *local = join("c");

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        ask("GET", "/apps/3/channels", "", "", "list 3 \n");
        for (size_t page = 0; page < 2; page++)
            cluster_fake_page(&cluster, &(struct cluster_query_answer){.channels = &channels[page],
                                                                       .channels_count = 1});
        if (i == 0)
            answer(&(struct cluster_query_answer){.is_known = true}, 200,
                   "{\"channels\":{\"a\":{},\"b\":{}}}");
        else
            answer(&unknown, 200, "{\"channels\":{\"c\":{}}}");
    }
    leave(local);
}

static void users_come_page_by_page(void **state)
{
    static const struct bytes ids[] = {BYTES("u1"), BYTES("u2")};
    static const struct cluster_query_channel channel = {.name = BYTES("presence-a"),
                                                         .subscription_count = 3};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        ask("GET", "/apps/3/channels/presence-a/users", "", "", "users 3 presence-a\n");
        for (size_t page = 0; page < 2; page++)
            cluster_fake_page(
                &cluster, &(struct cluster_query_answer){.users = &ids[page], .users_count = 1});
        if (i == 0)
            answer(&(struct cluster_query_answer){.is_known = true,
                                                  .channels = &channel,
                                                  .channels_count = 1},
                   200, "{\"users\":[{\"id\":\"u1\"},{\"id\":\"u2\"}]}");
        else
            answer(&unknown, 404, "The channel is not occupied.");
    }
}

static void pages_for_a_client_that_has_gone_are_dropped(void **state)
{
    static const struct bytes id = BYTES("u");
    struct buffer request = {0};

    (void)state;
    api_fixture_append_call(&fixture, &request, "GET", "/apps/3/channels/presence-a/users", "",
                            BYTES(""));
    api_fixture_feed(&fixture, &request);
    cluster_fake_page(&cluster, &(struct cluster_query_answer){.users = &id, .users_count = 1});
    http_fixture_disconnect(&fixture.http);
    cluster_fake_page(&cluster, &(struct cluster_query_answer){.users = &id, .users_count = 1});
    cluster_fake_answer(&cluster, &taken);
    fixture_turn(&fixture.fixture);
    fixture_turn(&fixture.fixture);
    http_fixture_connect(&fixture.http);
    buffer_deinit(&request);
}

#define EVENT "\"name\":\"e\",\"data\":\"\","

static void an_event_is_published_at_once_and_its_info_waits(void **state)
{
    static const struct cluster_query_channel channels[] = {
        {.name = BYTES("b"), .subscription_count = 7},
        {.name = BYTES("a/")},
    };
    static const char body[] =
        "{" EVENT "\"channels\":[\"b\",\"a\\/\"],\"info\":\"occupied,subscription_count\"}";
    struct channel *local = join("a/");

    (void)state;
    ask("POST", "/apps/3/events", "", body, "taken  \n");
    take("channels 3 b a/\n");
    assert_int_equal(metrics_read(&fixture.metrics.events_published), 1);
    answer(
        &(struct cluster_query_answer){.is_known = true, .channels = channels, .channels_count = 2},
        200,
        "{\"channels\":{\"b\":{\"occupied\":true,\"subscription_count\":7},"
        "\"a\\/\":{\"occupied\":false}}}");
    ask("POST", "/apps/3/events", "", body, "taken  \n");
    take("channels 3 b a/\n");
    answer(&unknown, 200,
           "{\"channels\":{\"b\":{\"occupied\":false},"
           "\"a\\/\":{\"occupied\":true,\"subscription_count\":1}}}");
    leave(local);
}

static void a_batch_asks_only_for_the_channels_whose_info_is_wanted(void **state)
{
    static const struct cluster_query_channel channels[] = {
        {.name = BYTES("presence-b"), .subscription_count = 3, .user_count = 2},
        {.name = BYTES("c")},
    };
    static const char body[] = "{\"batch\":[{" EVENT "\"channel\":\"a\"},"
                               "{" EVENT "\"channel\":\"presence-b\",\"info\":\"user_count\"},"
                               "{" EVENT "\"channel\":\"c\",\"info\":\"occupied\"},"
                               "{" EVENT "\"channel\":\"d\"}]}";

    (void)state;
    ask("POST", "/apps/3/batch_events", "", body, "taken  \n");
    take("channels 3 presence-b c\n");
    assert_int_equal(metrics_read(&fixture.metrics.events_published), 4);
    answer(
        &(struct cluster_query_answer){.is_known = true, .channels = channels, .channels_count = 2},
        200, "{\"batch\":[{},{\"user_count\":2},{\"occupied\":false},{}]}");
    ask("POST", "/apps/3/batch_events", "", body, "taken  \n");
    take("channels 3 presence-b c\n");
    answer(&unknown, 200, "{\"batch\":[{},{},{\"occupied\":false},{}]}");
}

static void expect_at_once(const char *method, const char *path, const char *body, unsigned status,
                           const char *should)
{
    struct bytes is;

    assert_int_equal(api_fixture_call(&fixture, method, path, "", bytes_of(body), &is), status);
    assert_bytes_equal(is, bytes_of(should));
}

static void an_event_is_answered_when_redis_has_it_or_is_away(void **state)
{
    static const char body[] = "{" EVENT "\"channel\":\"a\"}";

    (void)state;
    ask("POST", "/apps/3/events", "", body, "taken  \n");
    answer(&taken, 200, "{}");
    ask("POST", "/apps/3/events", "", body, "taken  \n");
    answer(&unknown, 200, "{}");
    ask("POST", "/apps/3/batch_events", "", "{\"batch\":[{" EVENT "\"channel\":\"a\"}]}",
        "taken  \n");
    answer(&taken, 200, "{}");
}

static void what_needs_no_cluster_does_not_wait_for_it(void **state)
{
    (void)state;
    buffer_clear(&cluster.asked);
    expect_at_once("POST", "/apps/3/users/1/terminate_connections", "", 200, "{}");
    expect_at_once("GET", "/apps/3/channels/a/users", "", 400,
                   "Only presence channels know their users.");
    assert_int_equal(cluster.asked.len, 0);
}

static void health_says_whether_redis_answers(void **state)
{
    struct bytes is;

    (void)state;
    assert_int_equal(api_fixture_send(&fixture, "GET", "/up", BYTES(""), &is), 200);
    assert_text(is, "{\"health\":\"OK\",\"redis\":\"connected\"}");
    cluster.is_connected = false;
    assert_int_equal(api_fixture_send(&fixture, "GET", "/up", BYTES(""), &is), 200);
    assert_text(is, "{\"health\":\"OK\",\"redis\":\"away\"}");
    cluster.is_stalled = true;
    assert_int_equal(api_fixture_send(&fixture, "GET", "/up", BYTES(""), &is), 503);
}

/* --- while it waits ------------------------------------------------------------------------- */

static void an_answer_for_a_client_that_has_gone_is_dropped(void **state)
{
    static const char *const paths[] = {"/apps/3/connections", "/apps/3/channels",
                                        "/apps/3/channels/a", "/apps/3/channels/presence-a/users"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct buffer request = {0};

        api_fixture_append_call(&fixture, &request, "GET", paths[i], "", BYTES(""));
        api_fixture_feed(&fixture, &request);
        http_fixture_disconnect(&fixture.http);
        assert_int_equal(cluster.waiting_count, 1);
        cluster_fake_answer(&cluster, &unknown);
        fixture_turn(&fixture.fixture);
        fixture_turn(&fixture.fixture);
        http_fixture_connect(&fixture.http);
        buffer_deinit(&request);
    }
    expect_at_once("GET", "/apps/3/channels/a/users", "", 400,
                   "Only presence channels know their users.");
}

/* Where the first answers of pipelined requests end: their bodies in order. */
static void assert_in_order(const char *first, const char *second, const char *third)
{
    const char *text = buffer_text(&fixture.http.sent);
    const char *at = strstr(text, first);

    at = at ? strstr(at, second) : NULL;
    at = at ? strstr(at, third) : NULL;
    if (at == NULL)
        fail_msg("%s", text);
}

static void requests_behind_one_that_waits_are_answered_after_it(void **state)
{
    struct buffer requests = {0};

    (void)state;
    api_fixture_append_call(&fixture, &requests, "GET", "/apps/3/connections", "", BYTES(""));
    api_fixture_append_request(&requests, "GET", "/up", BYTES(""));
    api_fixture_append_call(&fixture, &requests, "GET", "/apps/3/channels/a", "", BYTES(""));
    api_fixture_feed(&fixture, &requests);
    assert_int_equal(fixture.http.sent.len, 0);
    assert_text(buffer_bytes(&cluster.asked), "connections 3 \n");
    cluster_fake_answer(&cluster, &unknown);
    FIXTURE_UNTIL(&fixture.fixture, cluster.waiting_count == 1);
    assert_text(buffer_bytes(&cluster.asked), "connections 3 \nchannels 3 a\n");
    cluster_fake_answer(&cluster, &unknown);
    FIXTURE_UNTIL(&fixture.fixture,
                  fixture_receive(fixture.http.peer, &fixture.http.sent) &&
                      strstr(buffer_text(&fixture.http.sent), "occupied") != NULL);
    assert_in_order("{\"connections\":0}", "\"health\"", "{\"occupied\":false}");
    buffer_deinit(&requests);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LATER_TEST(connections_are_those_of_all_nodes),
        LATER_TEST(channels_of_all_nodes_are_listed),
        LATER_TEST(a_channel_is_shown_as_all_nodes_know_it),
        LATER_TEST(users_are_those_of_all_nodes),
        LATER_TEST(a_list_comes_page_by_page),
        LATER_TEST(users_come_page_by_page),
        LATER_TEST(pages_for_a_client_that_has_gone_are_dropped),
        LATER_TEST(an_event_is_published_at_once_and_its_info_waits),
        LATER_TEST(a_batch_asks_only_for_the_channels_whose_info_is_wanted),
        LATER_TEST(an_event_is_answered_when_redis_has_it_or_is_away),
        LATER_TEST(what_needs_no_cluster_does_not_wait_for_it),
        LATER_TEST(health_says_whether_redis_answers),
        LATER_TEST(an_answer_for_a_client_that_has_gone_is_dropped),
        LATER_TEST(requests_behind_one_that_waits_are_answered_after_it),
    };

    return FIXTURE_RUN_BOTH_WAYS(tests);
}
