#include "pusher/apps.h"

#include "support/unit.h"

#define APP(id_, key_)                                                 \
    (struct config_app)                                                \
    {                                                                  \
        .id = (char[]){id_}, .key = (char[]){key_}, .secret = (char[]) \
        {                                                              \
            "s"                                                        \
        }                                                              \
    }

static void an_app_is_found_by_its_id_and_by_its_key(void **state)
{
    struct config_app settings[] = {APP("1", "one"), APP("2", "two"), APP("11", "on")};
    const struct config config = {.apps = settings, .apps_count = 3};
    struct pusher_apps *apps = pusher_apps_new(&config, 2, NULL, NULL);

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct pusher_app *app = pusher_apps_find_by_id(apps, bytes_of(settings[i].id));

        assert_non_null(app);
        assert_ptr_equal(pusher_apps_find_by_key(apps, bytes_of(settings[i].key)), app);
        assert_ptr_equal(pusher_app_settings(app), &settings[i]);
    }
    assert_null(pusher_apps_find_by_id(apps, BYTES("one")));
    assert_null(pusher_apps_find_by_id(apps, BYTES("")));
    assert_null(pusher_apps_find_by_id(apps, BYTES_NONE));
    assert_null(pusher_apps_find_by_key(apps, BYTES("one ")));
    assert_null(pusher_apps_find_by_key(apps, BYTES("o")));
    pusher_apps_free(apps);
}

static void a_reload_changes_adds_and_removes_apps(void **state)
{
    struct config_app before[] = {APP("1", "one"), APP("2", "two")};
    struct config_app after[] = {APP("3", "three"), APP("1", "new")};
    const struct config config_before = {.apps = before, .apps_count = 2};
    const struct config config_after = {.apps = after, .apps_count = 2};
    struct pusher_apps *apps = pusher_apps_new(&config_before, 1, NULL, NULL);
    struct pusher_app *first = pusher_apps_find_by_id(apps, BYTES("1"));
    struct pusher_app *second = pusher_apps_find_by_id(apps, BYTES("2"));

    (void)state;
    pusher_apps_reload(apps, &config_after);
    pusher_apps_forget_former(apps);
    assert_ptr_equal(pusher_apps_find_by_id(apps, BYTES("1")), first);
    assert_ptr_equal(pusher_apps_find_by_key(apps, BYTES("new")), first);
    assert_null(pusher_apps_find_by_key(apps, BYTES("one")));
    assert_ptr_equal(pusher_app_settings(first), &after[1]);
    assert_non_null(pusher_apps_find_by_key(apps, BYTES("three")));
    assert_null(pusher_apps_find_by_id(apps, BYTES("2")));
    assert_true(atomic_load(&second->is_removed));
    assert_false(atomic_load(&first->is_removed));
    pusher_apps_reload(apps, &config_before);
    pusher_apps_forget_former(apps);
    assert_ptr_equal(pusher_apps_find_by_key(apps, BYTES("two")), second);
    assert_false(atomic_load(&second->is_removed));
    pusher_apps_free(apps);
}

static void cache(struct pusher_app *app)
{
    struct ws_message *event = ws_message_new(BYTES("{}"));
    struct channel *channel =
        channel_registry_lock_and_cache(app->channels, BYTES("cache-a"), event, 1000);

    channel_registry_unlock_state(channel);
    channel_unref(channel);
    ws_message_unref(event);
}

static bool has_cached(struct pusher_app *app)
{
    struct channel *channel = channel_registry_find(app->channels, BYTES("cache-a"));

    if (channel != NULL)
        channel_unref(channel);
    return channel != NULL;
}

static void the_cached_events_of_a_removed_app_are_not_those_of_who_takes_its_id(void **state)
{
    struct config_app before[] = {APP("1", "one"), APP("2", "two")};
    struct config_app after[] = {APP("1", "one")};
    const struct config config_before = {.apps = before, .apps_count = 2};
    const struct config config_after = {.apps = after, .apps_count = 1};
    struct pusher_apps *apps = pusher_apps_new(&config_before, 1, NULL, NULL);

    (void)state;
    cache(pusher_apps_find_by_id(apps, BYTES("1")));
    cache(pusher_apps_find_by_id(apps, BYTES("2")));
    pusher_apps_reload(apps, &config_after);
    pusher_apps_forget_former(apps);
    pusher_apps_reload(apps, &config_before);
    pusher_apps_forget_former(apps);
    assert_true(has_cached(pusher_apps_find_by_id(apps, BYTES("1"))));
    assert_false(has_cached(pusher_apps_find_by_id(apps, BYTES("2"))));
    pusher_apps_free(apps);
}

static void removed_ones_are_listed_until_they_are_freed(void **state)
{
    struct config_app before[] = {APP("1", "one")};
    struct config_app after[] = {APP("2", "two")};
    const struct config config_before = {.apps = before, .apps_count = 1};
    const struct config config_after = {.apps = after, .apps_count = 1};
    struct pusher_apps *apps = pusher_apps_new(&config_before, 1, NULL, NULL);
    size_t count = 0;

    (void)state;
    pusher_apps_reload(apps, &config_after);
    pusher_apps_free_unused(apps); /* workers may still read the former table */
    for (struct pusher_app *app = pusher_apps_first(apps); app != NULL; app = app->next)
        count++;
    assert_int_equal(count, 2);
    pusher_apps_free(apps); /* the former table with it */
}

/* --- apps that are freed -------------------------------------------------------------------- */

static struct config_app first_settings[] = {APP("1", "one"), APP("2", "two")};
static const struct config both = {.apps = first_settings, .apps_count = 2};
static const struct config only_first = {.apps = first_settings, .apps_count = 1};

static void reload(struct pusher_apps *apps, const struct config *config)
{
    pusher_apps_reload(apps, config);
    pusher_apps_forget_former(apps);
}

static bool is_known(struct pusher_apps *apps, struct bytes id)
{
    struct pusher_app *app;

    pusher_apps_free_unused(apps);
    app = pusher_apps_known(apps, id);
    if (app != NULL)
        pusher_app_unref(app);
    return app != NULL;
}

static void a_removed_app_is_freed_when_nothing_refers_to_it(void **state)
{
    struct pusher_apps *apps = pusher_apps_new(&both, 1, NULL, NULL);
    struct pusher_app *app = pusher_app_ref(pusher_apps_find_by_id(apps, BYTES("2")));

    (void)state;
    reload(apps, &only_first);
    assert_true(is_known(apps, BYTES("2")));
    assert_null(pusher_app_settings(app));
    pusher_app_unref(app);
    assert_false(is_known(apps, BYTES("2")));
    assert_true(is_known(apps, BYTES("1")));
    reload(apps, &both);
    assert_non_null(pusher_apps_find_by_key(apps, BYTES("two")));
    pusher_apps_free(apps);
}

static void a_channel_keeps_its_app(void **state)
{
    struct pusher_apps *apps = pusher_apps_new(&both, 1, NULL, NULL);
    struct pusher_app *app = pusher_apps_find_by_id(apps, BYTES("2"));
    bool is_first;
    struct channel *channel = channel_registry_join(app->channels, BYTES("a"), 0, &is_first);

    (void)state;
    reload(apps, &only_first);
    assert_true(is_known(apps, BYTES("2")));
    channel_registry_leave(channel, 0, true);
    assert_true(is_known(apps, BYTES("2")));
    channel_unref(channel);
    assert_false(is_known(apps, BYTES("2")));
    pusher_apps_free(apps);
}

static void a_cached_event_keeps_no_removed_app(void **state)
{
    struct pusher_apps *apps = pusher_apps_new(&both, 1, NULL, NULL);
    struct pusher_app *app = pusher_apps_find_by_id(apps, BYTES("2"));

    (void)state;
    cache(app);
    reload(apps, &only_first);
    cache(app); /* by another node, which has not reloaded yet */
    assert_false(is_known(apps, BYTES("2")));
    pusher_apps_free(apps);
}

static void an_app_that_is_back_before_it_was_freed_begins_anew(void **state)
{
    struct pusher_apps *apps = pusher_apps_new(&both, 1, NULL, NULL);
    struct pusher_app *app = pusher_app_ref(pusher_apps_find_by_id(apps, BYTES("2")));

    (void)state;
    reload(apps, &only_first);
    cache(app);
    reload(apps, &both);
    assert_ptr_equal(pusher_apps_find_by_id(apps, BYTES("2")), app);
    assert_false(has_cached(app));
    pusher_app_unref(app);
    assert_true(is_known(apps, BYTES("2")));
    pusher_apps_free(apps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_app_is_found_by_its_id_and_by_its_key),
        cmocka_unit_test(a_reload_changes_adds_and_removes_apps),
        cmocka_unit_test(the_cached_events_of_a_removed_app_are_not_those_of_who_takes_its_id),
        cmocka_unit_test(removed_ones_are_listed_until_they_are_freed),
        cmocka_unit_test(a_removed_app_is_freed_when_nothing_refers_to_it),
        cmocka_unit_test(a_channel_keeps_its_app),
        cmocka_unit_test(a_cached_event_keeps_no_removed_app),
        cmocka_unit_test(an_app_that_is_back_before_it_was_freed_begins_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
