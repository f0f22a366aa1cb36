#include "webhook/smoothing.h"

#include "unit/webhook/changes.h"

static void leave(struct webhook_smoothing *smoothing, enum config_webhook_kind kind,
                  const char *channel, const char *user_id, uint64_t due_ms)
{
    struct webhook_change *change = change_of(kind, channel, user_id);

    assert_true(webhook_smoothing_is_leaving(kind));
    webhook_smoothing_add(smoothing, change, due_ms);
    webhook_change_unref(change);
}

static bool come(struct webhook_smoothing *smoothing, enum config_webhook_kind kind,
                 const char *channel, const char *user_id)
{
    struct webhook_change *change = change_of(kind, channel, user_id);
    const bool is_cancelled = webhook_smoothing_cancel(smoothing, change);

    assert_true(webhook_smoothing_is_coming(kind));
    webhook_change_unref(change);
    return is_cancelled;
}

static void check_next(struct webhook_smoothing *smoothing, uint64_t now_ms, const char *channel)
{
    struct webhook_change *change = webhook_smoothing_next(smoothing, now_ms);

    assert_int_equal(change == NULL, channel == NULL);
    if (change == NULL)
        return;
    assert_bytes_equal(webhook_change_channel(change), bytes_of(channel));
    webhook_change_unref(change);
}

static void who_returns_has_not_left(void **state)
{
    struct webhook_smoothing smoothing;

    (void)state;
    webhook_smoothing_init(&smoothing);
    leave(&smoothing, CONFIG_WEBHOOK_CHANNEL_VACATED, "a", NULL, 10);
    leave(&smoothing, CONFIG_WEBHOOK_MEMBER_REMOVED, "a", "ann", 10);
    leave(&smoothing, CONFIG_WEBHOOK_MEMBER_REMOVED, "b", "ann", 10);
    assert_false(come(&smoothing, CONFIG_WEBHOOK_CHANNEL_OCCUPIED, "b", NULL));
    leave(&smoothing, CONFIG_WEBHOOK_MEMBER_REMOVED, "a", "ann", 11); /* told twice */
    assert_false(come(&smoothing, CONFIG_WEBHOOK_MEMBER_ADDED, "a", "bob"));
    assert_true(come(&smoothing, CONFIG_WEBHOOK_MEMBER_ADDED, "a", "ann"));
    assert_false(come(&smoothing, CONFIG_WEBHOOK_MEMBER_ADDED, "a", "ann"));
    assert_true(come(&smoothing, CONFIG_WEBHOOK_CHANNEL_OCCUPIED, "a", NULL));
    check_next(&smoothing, 10, "b");
    check_next(&smoothing, 10, NULL);
    assert_int_equal(smoothing.bytes, 0);
    webhook_smoothing_deinit(&smoothing);
}

static void what_is_due_comes_in_order_and_not_before(void **state)
{
    struct webhook_smoothing smoothing;

    (void)state;
    webhook_smoothing_init(&smoothing);
    assert_true(webhook_smoothing_due_ms(&smoothing) == UINT64_MAX);
    leave(&smoothing, CONFIG_WEBHOOK_CHANNEL_VACATED, "a", NULL, 10);
    leave(&smoothing, CONFIG_WEBHOOK_CHANNEL_VACATED, "b", NULL, 20);
    assert_true(webhook_smoothing_due_ms(&smoothing) == 10);
    check_next(&smoothing, 9, NULL);
    check_next(&smoothing, 19, "a");
    check_next(&smoothing, 19, NULL);
    check_next(&smoothing, 20, "b");
    leave(&smoothing, CONFIG_WEBHOOK_CHANNEL_VACATED, "c", NULL, 30);
    webhook_smoothing_deinit(&smoothing); /* what waits is forgotten */
}

static size_t done_count;

static void on_done(size_t link, struct bytes stream_id, void *user)
{
    (void)user;
    assert_int_equal(link, 3);
    assert_text(stream_id, "7-0");
    done_count++;
}

static void what_another_node_sends_is_forgotten_and_not_done(void **state)
{
    static const struct webhook_change_owner owner = {.on_done = on_done};
    struct webhook_change *change = change_of(CONFIG_WEBHOOK_CHANNEL_VACATED, "a", NULL);
    struct webhook_smoothing smoothing;

    (void)state;
    change->owner = &owner;
    change->link = 3;
    change->stream_id_at = 2;
    snprintf(change->id, sizeof change->id, "3-7-0");
    webhook_smoothing_init(&smoothing);
    webhook_smoothing_add(&smoothing, change, 10);
    leave(&smoothing, CONFIG_WEBHOOK_CHANNEL_VACATED, "b", NULL, 10);
    webhook_smoothing_forget_link(&smoothing, 2);
    check_next(&smoothing, 10, "a");
    assert_int_equal(done_count, 0);
    webhook_smoothing_add(&smoothing, change, 10);
    webhook_smoothing_forget_link(&smoothing, 3);
    webhook_change_unref(change);
    assert_int_equal(done_count, 0);
    check_next(&smoothing, 10, "b");
    webhook_smoothing_deinit(&smoothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_returns_has_not_left),
        cmocka_unit_test(what_is_due_comes_in_order_and_not_before),
        cmocka_unit_test(what_another_node_sends_is_forgotten_and_not_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
