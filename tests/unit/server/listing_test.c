#include "server/listing.h"

#include "channel/presence.h"
#include "pusher/apps.h"
#include "support/app.h"
#include "support/oracle.h"
#include "support/unit.h"

#define MANY 230

static struct pusher_apps *apps;
static struct pusher_app *app;
static struct channel *channel;
static struct buffer out;

static int open_channel(void **state)
{
    static struct config_app settings;
    static struct config config;
    bool is_first;

    (void)state;
    settings = app_of_documentation();
    config = (struct config){.apps = &settings, .apps_count = 1};
    apps = pusher_apps_new(&config, 1, NULL, NULL);
    app = pusher_apps_first(apps);
    channel = channel_registry_join(app->channels, BYTES("presence-a"), 0, &is_first);
    return 0;
}

static int close_channel(void **state)
{
    (void)state;
    channel_registry_leave(channel, 0, true);
    channel_unref(channel);
    pusher_apps_free(apps);
    buffer_deinit(&out);
    return 0;
}

static void list(struct bytes id, struct bytes info)
{
    channel_registry_lock_state(channel);
    assert_true(channel_presence_list(channel->presence, id, info));
    channel_registry_unlock_state(channel);
}

static json_t *members_of(const char *name)
{
    json_t *json;

    buffer_clear(&out);
    server_listing_write_members(&out, app, bytes_of(name));
    json = json_loadb(out.data, out.len, 0, NULL);
    assert_non_null(json);
    return json;
}

static json_int_t count_of(json_t *json)
{
    return json_integer_value(json_object_get(json, "count"));
}

static void a_member_has_its_id_and_info(void **state)
{
    json_t *json;
    json_t *member;

    (void)state;
    list(BYTES("\"1\""), BYTES("{\"name\":\"x\"}"));
    json = members_of("presence-a");
    member = json_array_get(json_object_get(json, "members"), 0);
    assert_int_equal(count_of(json), 1);
    assert_text(oracle_member(member, "id"), "\"1\"");
    assert_text(oracle_member(member, "info"), "{\"name\":\"x\"}");
    json_decref(json);
}

static void of_many_members_the_first_are_written_and_all_are_counted(void **state)
{
    json_t *json;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        char id[16];

        snprintf(id, sizeof id, "%d", i);
        list(bytes_of(id), BYTES_NONE);
    }
    json = members_of("presence-a");
    assert_int_equal(count_of(json), MANY);
    assert_int_equal(json_array_size(json_object_get(json, "members")), 200);
    json_decref(json);
}

/* "é" has two bytes, so that every other cut would be within one. */
static void a_long_info_is_cut_between_two_characters(void **state)
{
    struct buffer info = {0};
    json_t *json;
    struct bytes text;

    (void)state;
    buffer_append_text(&info, "\"");
    for (int i = 0; i < 400; i++)
        buffer_append_text(&info, "é");
    buffer_append_text(&info, "\"");
    list(BYTES("1"), buffer_bytes(&info));
    json = members_of("presence-a");
    text = oracle_member(json_array_get(json_object_get(json, "members"), 0), "info");
    assert_int_equal(text.len, 499);
    json_decref(json);
    buffer_deinit(&info);
}

static void a_channel_without_subscribers_has_no_members(void **state)
{
    json_t *json = members_of("presence-b");

    (void)state;
    assert_int_equal(count_of(json), 0);
    json_decref(json);
}

static void without_a_cluster_there_are_no_nodes(void **state)
{
    (void)state;
    buffer_clear(&out);
    server_listing_write_nodes(&out, NULL);
    assert_text(buffer_bytes(&out), "{\"nodes\":[]}\n");
}

#define LISTING_TEST(name) cmocka_unit_test_setup_teardown(name, open_channel, close_channel)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LISTING_TEST(a_member_has_its_id_and_info),
        LISTING_TEST(of_many_members_the_first_are_written_and_all_are_counted),
        LISTING_TEST(a_long_info_is_cut_between_two_characters),
        LISTING_TEST(a_channel_without_subscribers_has_no_members),
        LISTING_TEST(without_a_cluster_there_are_no_nodes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
