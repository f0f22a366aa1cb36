#include "api/info.h"

#include "support/unit.h"

static void known_words_are_taken_and_others_passed_over(void **state)
{
    struct api_info info = api_info_parse(BYTES(" user_count,x, cache ,,Occupied"));

    (void)state;
    assert_true(info.user_count);
    assert_true(info.cache);
    assert_false(info.occupied);
    assert_false(info.subscription_count);
    info = api_info_parse(BYTES("subscription_count,occupied"));
    assert_true(info.subscription_count && info.occupied && !info.user_count && !info.cache);
    info = api_info_parse(BYTES(""));
    assert_false(info.subscription_count || info.occupied || info.user_count || info.cache);
    info = api_info_parse(BYTES_NONE);
    assert_false(info.occupied);
}

static const struct api_info all = {true, true, true, true};

static void check(struct api_info info, struct channel *channel, const char *should)
{
    struct buffer out = {0};

    api_info_write_local(&out, info, channel, 1000);
    assert_bytes_equal(buffer_bytes(&out), bytes_of(should));
    buffer_deinit(&out);
}

static void a_channel_nobody_is_in_is_not_occupied(void **state)
{
    (void)state;
    check(all, NULL, "{\"occupied\":false}");
    check((struct api_info){0}, NULL, "{}");
}

static void attributes_are_those_of_the_channels_kind(void **state)
{
    struct channel_registry *registry = channel_registry_new(1, true);
    static const char *const names[] = {"a", "presence-a", "cache-a", "presence-cache-a"};
    static const char *const should[] = {
        "{\"occupied\":true,\"subscription_count\":1}",
        "{\"occupied\":true,\"user_count\":0}",
        "{\"occupied\":true,\"subscription_count\":1}",
        "{\"occupied\":true,\"user_count\":0}",
    };

    (void)state;
    for (int i = 0; i < 4; i++) {
        bool is_first;
        struct channel *channel = channel_registry_join(registry, bytes_of(names[i]), 0, &is_first);

        check(all, channel, should[i]);
        check((struct api_info){0}, channel, "{}");
        channel_registry_leave(channel, 0, true);
        channel_unref(channel);
    }
    channel_registry_free(registry);
}

static void the_kept_event_is_shown_with_its_time_to_live(void **state)
{
    struct channel_registry *registry = channel_registry_new(1, true);
    struct ws_message *event =
        ws_message_new(BYTES("{\"event\":\"e\",\"channel\":\"cache-a\",\"data\":\"d\"}"));
    struct channel *channel =
        channel_registry_lock_and_cache(registry, BYTES("cache-a"), event, 61001);

    (void)state;
    channel_registry_unlock_state(channel);
    check(all, channel,
          "{\"occupied\":false,\"cache\":{\"event\":\"e\",\"channel\":\"cache-a\",\"data\":\"d\","
          "\"ttl\":61}}");
    channel_unref(channel);
    ws_message_unref(event);
    channel_registry_free(registry);
}

static void check_cluster(struct cluster_query_channel channel, const char *should)
{
    struct buffer out = {0};

    api_info_write_cluster(&out, all, &channel);
    assert_bytes_equal(buffer_bytes(&out), bytes_of(should));
    buffer_deinit(&out);
}

static void what_the_cluster_knows_is_written_the_same_way(void **state)
{
    const struct bytes cached = BYTES("\x81\x0d{\"event\":\"e\"}");

    (void)state;
    check_cluster((struct cluster_query_channel){.name = BYTES("a"), .subscription_count = 2},
                  "{\"occupied\":true,\"subscription_count\":2}");
    check_cluster((struct cluster_query_channel){.name = BYTES("presence-a"),
                                                 .subscription_count = 2,
                                                 .user_count = 1},
                  "{\"occupied\":true,\"user_count\":1}");
    check_cluster((struct cluster_query_channel){.name = BYTES("cache-a"), .subscription_count = 1},
                  "{\"occupied\":true,\"subscription_count\":1}");
    check_cluster((struct cluster_query_channel){.name = BYTES("cache-a"),
                                                 .cached = cached,
                                                 .cached_ttl_ms = 1},
                  "{\"occupied\":false,\"cache\":{\"event\":\"e\",\"ttl\":1}}");
    check_cluster((struct cluster_query_channel){.name = BYTES("cache-a")}, "{\"occupied\":false}");
    check_cluster((struct cluster_query_channel){.name = BYTES("presence-a")},
                  "{\"occupied\":false}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_words_are_taken_and_others_passed_over),
        cmocka_unit_test(a_channel_nobody_is_in_is_not_occupied),
        cmocka_unit_test(attributes_are_those_of_the_channels_kind),
        cmocka_unit_test(what_the_cluster_knows_is_written_the_same_way),
        cmocka_unit_test(the_kept_event_is_shown_with_its_time_to_live),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
