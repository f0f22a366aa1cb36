#include "channel/registry.h"

#include "base/check.h"
#include "support/unit.h"

#include <pthread.h>

#define THREADS_COUNT 4

static struct channel_registry *registry;

static int open_registry(void **state)
{
    (void)state;
    registry = channel_registry_new(THREADS_COUNT, true);
    return 0;
}

static int close_registry(void **state)
{
    (void)state;
    channel_registry_free(registry);
    return 0;
}

#define REGISTRY_TEST(name) cmocka_unit_test_setup_teardown(name, open_registry, close_registry)

static struct channel *join(const char *name, size_t worker, bool should_be_first)
{
    bool is_first;
    struct channel *channel = channel_registry_join(registry, bytes_of(name), worker, &is_first);

    assert_int_equal(is_first, should_be_first);
    return channel;
}

static bool is_known(const char *name)
{
    struct channel *channel = channel_registry_find(registry, bytes_of(name));

    if (channel == NULL)
        return false;
    assert_bytes_equal(channel_name(channel), bytes_of(name));
    channel_unref(channel);
    return true;
}

static void a_channel_is_there_while_somebody_is_subscribed(void **state)
{
    struct channel *first;
    struct channel *second;

    (void)state;
    assert_false(is_known("a"));
    first = join("a", 0, true);
    second = join("a", 3, false);
    assert_ptr_equal(first, second);
    assert_int_equal(atomic_load(&first->workers), 1 | 1 << 3);
    assert_int_equal(atomic_load(&first->subscriptions_count), 2);
    assert_int_equal(channel_registry_count(registry), 1);
    assert_false(channel_registry_leave(first, 0, true));
    assert_int_equal(atomic_load(&first->workers), 1 << 3);
    assert_true(is_known("a"));
    assert_true(channel_registry_leave(second, 3, true));
    assert_false(is_known("a"));
    assert_int_equal(channel_registry_count(registry), 0);
    channel_unref(first);
    channel_unref(second);
}

static void who_joins_while_an_old_reference_lives_gets_a_new_channel(void **state)
{
    struct channel *old = join("a", 0, true);
    struct channel *channel;

    (void)state;
    channel_registry_leave(old, 0, true);
    channel = join("a", 0, true);
    assert_ptr_not_equal(channel, old);
    assert_text(channel_name(old), "a");
    channel_unref(old);
    channel_registry_leave(channel, 0, true);
    channel_unref(channel);
}

static void its_prefix_says_what_a_channel_keeps(void **state)
{
    struct channel *channel = join("presence-cache-a", 0, true);
    struct channel_registry *plain = channel_registry_new(1, false);
    bool is_first;
    struct channel *user = channel_registry_join(plain, BYTES("presence-cache-a"), 0, &is_first);

    (void)state;
    assert_non_null(channel->presence);
    assert_non_null(channel->cache);
    assert_null(user->presence);
    assert_null(user->cache);
    channel_registry_leave(channel, 0, true);
    channel_unref(channel);
    channel_registry_leave(user, 0, true);
    channel_unref(user);
    channel_registry_free(plain);
}

static void keep(const char *name, const char *text, uint64_t expires_ms)
{
    struct ws_message *event = ws_message_new(bytes_of(text));
    struct channel *channel =
        channel_registry_lock_and_cache(registry, bytes_of(name), event, expires_ms);

    channel_registry_unlock_state(channel);
    channel_unref(channel);
    ws_message_unref(event);
}

/* What is kept at that time; empty where nothing is. */
static void assert_kept(const char *name, uint64_t now_ms, const char *should, uint64_t ttl_ms)
{
    struct channel *channel = channel_registry_find(registry, bytes_of(name));
    struct ws_message *event;
    uint64_t left_ms = 0;

    if (channel == NULL) {
        assert_string_equal(should, "");
        return;
    }
    channel_registry_lock_state(channel);
    event = channel_registry_cached(channel, now_ms, &left_ms);
    channel_registry_unlock_state(channel);
    assert_bytes_equal(event ? ws_message_text(event) : BYTES(""), bytes_of(should));
    assert_int_equal(left_ms, ttl_ms);
    ws_message_unref(event);
    channel_unref(channel);
}

static void the_last_event_stays_until_it_expires(void **state)
{
    (void)state;
    keep("cache-a", "first", 1000);
    assert_kept("cache-a", 400, "first", 600);
    keep("cache-a", "second", 2000);
    assert_kept("cache-a", 400, "second", 1600);
    assert_kept("cache-a", 1999, "second", 1);
    assert_kept("cache-a", 2000, "", 0);
    channel_registry_expire(registry, 1999);
    assert_true(is_known("cache-a"));
    assert_int_equal(channel_registry_count(registry), 0); /* nobody is subscribed */
    channel_registry_expire(registry, 2000);
    assert_false(is_known("cache-a"));
}

static void an_event_keeps_its_channel_when_the_last_subscriber_goes(void **state)
{
    struct channel *channel = join("cache-a", 1, true);

    (void)state;
    keep("cache-a", "event", 1000);
    assert_true(channel_registry_leave(channel, 1, true));
    assert_kept("cache-a", 0, "event", 1000);
    channel_unref(channel);
    channel = join("cache-a", 1, true);
    channel_registry_expire(registry, 5000);
    assert_kept("cache-a", 0, "", 0);
    assert_true(is_known("cache-a")); /* somebody is subscribed */
    assert_true(channel_registry_leave(channel, 1, true));
    assert_false(is_known("cache-a"));
    channel_unref(channel);
}

static void each_event_expires_when_it_is_due(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        char name[32];

        snprintf(name, sizeof name, "cache-%d", i);
        keep(name, "event", 1000 + (uint64_t)i);
    }
    for (uint64_t now_ms = 1000; now_ms < 1100; now_ms++) {
        char name[32];

        channel_registry_expire(registry, now_ms);
        snprintf(name, sizeof name, "cache-%d", (int)(now_ms - 1000));
        assert_false(is_known(name));
        snprintf(name, sizeof name, "cache-%d", (int)(now_ms - 999));
        assert_int_equal(is_known(name), now_ms < 1099);
    }
}

/* Apps may keep for different times: what expires first need not have been kept first. */
static void a_longer_kept_event_does_not_hold_up_a_shorter_one(void **state)
{
    (void)state;
    keep("cache-long", "event", 100000);
    keep("cache-short", "event", 1000);
    assert_kept("cache-short", 1000, "", 0);
    channel_registry_expire(registry, 200000);
    assert_false(is_known("cache-long"));
    assert_false(is_known("cache-short"));
}

/* How many are found whose names begin so. */
static size_t collect(struct bytes prefix)
{
    struct buffer found = {0};
    struct channel **channels;
    size_t count;

    for (size_t part = 0; part < CHANNEL_REGISTRY_PARTS_COUNT; part++)
        channel_registry_collect(registry, part, prefix, &found);
    channels = (struct channel **)(void *)found.data;
    count = found.len / sizeof *channels;
    for (size_t i = 0; i < count; i++) {
        assert_true(bytes_starts_with(channel_name(channels[i]), prefix));
        channel_unref(channels[i]);
    }
    buffer_deinit(&found);
    return count;
}

static void all_that_are_occupied_are_shown(void **state)
{
    struct channel *channels[500];

    (void)state;
    keep("cache-unoccupied", "event", 1000);
    for (size_t i = 0; i < 500; i++) {
        char name[32];

        snprintf(name, sizeof name, "channel-%zu", i);
        channels[i] = join(name, i % THREADS_COUNT, true);
    }
    assert_int_equal(collect(BYTES("")), 500);
    assert_int_equal(collect(BYTES("channel-49")), 11);
    assert_int_equal(collect(BYTES("cache-")), 0);
    assert_int_equal(channel_registry_count(registry), 500);
    for (size_t i = 0; i < 500; i++) {
        channel_registry_leave(channels[i], i % THREADS_COUNT, true);
        channel_unref(channels[i]);
    }
}

/* --- several threads ------------------------------------------------------------------------ */

struct worker {
    pthread_t thread;
    size_t index;
};

/* Joins, leaves, keeps and expires a few names that all threads fight for. */
static void *fight(void *user)
{
    const struct worker *worker = user;
    struct unit_random random = {worker->index + 1};

    for (int i = 0; i < 20000; i++) {
        char name[32];
        struct channel *channel;
        bool is_first;
        uint64_t ttl_ms;

        snprintf(name, sizeof name, "presence-cache-%zu", unit_random_below(&random, 3));
        channel = channel_registry_join(registry, bytes_of(name), worker->index, &is_first);
        CHECK(atomic_load(&channel->workers) >> worker->index & 1);
        if (i % 7 == 0)
            keep(name, "event", unit_random_below(&random, 100));
        channel_registry_lock_state(channel);
        ws_message_unref(channel_registry_cached(channel, 50, &ttl_ms));
        channel_registry_unlock_state(channel);
        if (i % 11 == 0)
            channel_registry_expire(registry, unit_random_below(&random, 100));
        channel_registry_leave(channel, worker->index, true);
        channel_unref(channel);
    }
    return NULL;
}

static void threads_that_join_and_leave_the_same_channels_leave_nothing(void **state)
{
    struct worker workers[THREADS_COUNT];

    (void)state;
    for (size_t i = 0; i < THREADS_COUNT; i++) {
        workers[i].index = i;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, fight, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS_COUNT; i++)
        pthread_join(workers[i].thread, NULL);
    assert_int_equal(channel_registry_count(registry), 0);
    channel_registry_expire(registry, UINT64_MAX);
    for (int i = 0; i < 3; i++) {
        char name[32];

        snprintf(name, sizeof name, "presence-cache-%d", i);
        assert_false(is_known(name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        REGISTRY_TEST(a_channel_is_there_while_somebody_is_subscribed),
        REGISTRY_TEST(who_joins_while_an_old_reference_lives_gets_a_new_channel),
        REGISTRY_TEST(its_prefix_says_what_a_channel_keeps),
        REGISTRY_TEST(the_last_event_stays_until_it_expires),
        REGISTRY_TEST(an_event_keeps_its_channel_when_the_last_subscriber_goes),
        REGISTRY_TEST(each_event_expires_when_it_is_due),
        REGISTRY_TEST(a_longer_kept_event_does_not_hold_up_a_shorter_one),
        REGISTRY_TEST(all_that_are_occupied_are_shown),
        REGISTRY_TEST(threads_that_join_and_leave_the_same_channels_leave_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
