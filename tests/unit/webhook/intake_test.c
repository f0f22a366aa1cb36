#include "webhook/intake.h"

#include "unit/webhook/changes.h"

static size_t wakes_count;
static size_t done_count;

static void wake(void *user)
{
    (void)user;
    wakes_count++;
}

static void on_done(size_t link, struct bytes stream_id, void *user)
{
    (void)link;
    (void)stream_id;
    (void)user;
    done_count++;
}

static const struct webhook_change_owner owner = {.on_done = on_done};

static void put(struct webhook_intake *intake, const char *channel, int link)
{
    struct webhook_change *change = change_of(CONFIG_WEBHOOK_CHANNEL_OCCUPIED, channel, NULL);

    if (link >= 0) {
        change->owner = &owner;
        change->link = (size_t)link;
    }
    webhook_intake_put(intake, &change);
    assert_null(change);
}

/* The channels of the changes in it, which are done then. */
static void check_content(struct webhook_intake *intake, const char *should)
{
    struct webhook_intake_content content = webhook_intake_take(intake);
    struct buffer channels = {0};

    while (content.first != NULL) {
        struct webhook_change *change = content.first;

        content.first = change->next;
        buffer_append_bytes(&channels, webhook_change_channel(change));
        webhook_change_unref(change);
    }
    assert_bytes_equal(buffer_bytes(&channels), bytes_of(should));
    buffer_deinit(&channels);
}

static void changes_keep_their_order_and_wake_once(void **state)
{
    struct webhook_intake intake;

    (void)state;
    wakes_count = 0;
    webhook_intake_init(&intake, wake, NULL);
    put(&intake, "a", -1);
    put(&intake, "b", -1);
    assert_int_equal(wakes_count, 1);
    check_content(&intake, "ab");
    check_content(&intake, "");
    put(&intake, "c", 1);
    assert_int_equal(wakes_count, 2);
    done_count = 0;
    check_content(&intake, "c");
    assert_int_equal(done_count, 1);
    webhook_intake_deinit(&intake);
}

static void a_link_is_forgotten_without_being_done(void **state)
{
    struct webhook_intake intake;

    (void)state;
    done_count = 0;
    webhook_intake_init(&intake, wake, NULL);
    put(&intake, "a", 1);
    put(&intake, "b", -1);
    put(&intake, "c", 2);
    put(&intake, "d", 1);
    webhook_intake_forget_link(&intake, 1);
    put(&intake, "e", 1);
    assert_int_equal(done_count, 0);
    check_content(&intake, "bce");
    assert_int_equal(done_count, 2);
    put(&intake, "f", 1);
    webhook_intake_deinit(&intake); /* abandons it */
    assert_int_equal(done_count, 2);
}

static void what_is_too_much_is_counted_and_after_the_end_nothing_is_taken(void **state)
{
    struct webhook_intake intake;

    (void)state;
    webhook_intake_init(&intake, wake, NULL);
    intake.bytes = SIZE_MAX / 2;
    put(&intake, "a", -1);
    assert_int_equal(webhook_intake_overflow_count(&intake), 1);
    check_content(&intake, "");
    put(&intake, "b", -1);
    webhook_intake_end(&intake);
    put(&intake, "c", -1);
    check_content(&intake, "b");
    assert_int_equal(webhook_intake_overflow_count(&intake), 1);
    webhook_intake_deinit(&intake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_keep_their_order_and_wake_once),
        cmocka_unit_test(a_link_is_forgotten_without_being_done),
        cmocka_unit_test(what_is_too_much_is_counted_and_after_the_end_nothing_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
