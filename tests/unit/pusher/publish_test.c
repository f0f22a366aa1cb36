#include "pusher/publish.h"

#include "support/pusher_fixture.h"

static struct pusher_fixture fixture;
static size_t lookups_count;

/* The linker's names for a wrapped function.
 * NOLINTBEGIN(readability-identifier-naming) */
struct channel *__real_channel_registry_find(struct channel_registry *registry, struct bytes name);
struct channel *__wrap_channel_registry_find(struct channel_registry *registry, struct bytes name);

struct channel *__wrap_channel_registry_find(struct channel_registry *registry, struct bytes name)
{
    lookups_count++;
    return __real_channel_registry_find(registry, name);
}
/* NOLINTEND(readability-identifier-naming) */

#define PUBLISH_TEST(name) PUSHER_FIXTURE_TEST(name, &fixture)

/* As the API does it. Answers whether the event was wanted. */
static bool publish(const char *channel)
{
    struct pusher_publish_target target = pusher_publish_target_of(fixture.app, bytes_of(channel));
    struct ws_message *event = ws_message_new(BYTES("{\"event\":\"told\"}"));
    bool is_wanted;

    lookups_count = 0;
    assert_true(pusher_publish_is_possible(&fixture.worker, &target));
    is_wanted = pusher_publish_is_wanted(&fixture.worker, &target);
    if (is_wanted)
        pusher_publish(&fixture.worker, &target, event, 0);
    pusher_publish_target_release(&target);
    ws_message_unref(event);
    return is_wanted;
}

static void a_publish_looks_its_channel_up_once(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);

    (void)state;
    pusher_fixture_subscribe(&fixture, client, "a", NULL);
    pusher_fixture_heard(&fixture, client);
    assert_true(publish("a"));
    assert_int_equal(lookups_count, 1);
    pusher_fixture_turn(&fixture);
    assert_heard(&fixture, client, "text:{\"event\":\"told\"};");
}

static void so_does_one_that_nobody_is_subscribed_to(void **state)
{
    (void)state;
    assert_false(publish("nobodys"));
    assert_int_equal(lookups_count, 1);
}

static void a_cached_event_is_wanted_without_a_lookup(void **state)
{
    (void)state;
    assert_true(publish("cache-a"));
    assert_int_equal(lookups_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PUBLISH_TEST(a_publish_looks_its_channel_up_once),
        PUBLISH_TEST(so_does_one_that_nobody_is_subscribed_to),
        PUBLISH_TEST(a_cached_event_is_wanted_without_a_lookup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
