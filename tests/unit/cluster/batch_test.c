#include "cluster/batch.h"

#include "support/unit.h"

static struct cluster_batch batch;

static int set_up(void **state)
{
    (void)state;
    batch = (struct cluster_batch){.sha = "sha", .prefix = "p:{0}", .node = "n.1"};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cluster_batch_deinit(&batch);
    return 0;
}

/* The arguments, each with a blank behind it. */
static void check(const char *should)
{
    struct bytes rest = buffer_bytes(&batch.command.arguments);
    struct buffer is = {0};
    struct bytes line;
    size_t count = 0;

    while (bytes_next(&rest, '\n', &line)) {
        if (line.len > 0 && line.data[0] == '$' && bytes_next(&rest, '\n', &line)) {
            buffer_append(&is, line.data, line.len - 1);
            buffer_append_char(&is, ' ');
            count++;
        }
    }
    assert_int_equal(batch.command.count, count);
    assert_bytes_equal(buffer_bytes(&is), bytes_of(should));
    buffer_deinit(&is);
}

static void the_first_operation_begins_the_call(void **state)
{
    (void)state;
    assert_true(cluster_batch_is_empty(&batch));
    cluster_batch_leave(&batch, BYTES("k"), BYTES("u"));
    assert_false(cluster_batch_is_empty(&batch));
    cluster_batch_join(&batch, BYTES("k"), BYTES("u"), BYTES("{}"));
    check("EVALSHA sha 1 p:{0} n.1 L k u J k u {} ");
    cluster_batch_clear(&batch);
    assert_true(cluster_batch_is_empty(&batch));
}

static void each_operation_has_the_arguments_that_the_script_takes(void **state)
{
    (void)state;
    cluster_batch_hello(&batch, "epoch");
    cluster_batch_subscriptions(&batch, BYTES("k"), 2,
                                CLUSTER_IS_PRESENCE | CLUSTER_NOTIFIES_COUNT);
    cluster_batch_show(&batch, BYTES("k"), CLUSTER_IS_PRESENCE | CLUSTER_IS_CACHE);
    cluster_batch_await(&batch, BYTES("k"), (struct cluster_waiter){UINT64_MAX, 3}, true);
    cluster_batch_terminate(&batch, BYTES("a"), BYTES("u"));
    cluster_batch_connections(&batch, BYTES("a"), -3);
    cluster_batch_admit(&batch, BYTES("a"), 9, (struct cluster_waiter){7, 4});
    cluster_batch_lookup_online(&batch, BYTES("k"), (struct cluster_waiter){7, 5});
    cluster_batch_heartbeat(&batch, true);
    cluster_batch_remove_previous(&batch);
    cluster_batch_all_is_said(&batch);
    cluster_batch_leave_cluster(&batch);
    check(
        "EVALSHA sha 1 p:{0} n.1 H epoch S k 2 pt Y k pk D k 18446744073709551615:3 t T a u X a -3 "
        "M a 9 7:4 Q k 7:5 B 1 F Z G ");
}

static void an_event_says_whether_it_is_to_come_back(void **state)
{
    struct net_chunk *frame = net_chunk_new(8);
    struct cluster_outbox outbox;

    (void)state;
    net_chunk_append(frame, "frame", 5);
    cluster_outbox_init(&outbox, 1000);
    cluster_batch_event(&batch, cluster_outbox_add(&outbox, BYTES("k"), 7, frame, 0, true));
    cluster_batch_event(&batch, cluster_outbox_add(&outbox, BYTES("k"), 0, frame, 60, false));
    check("EVALSHA sha 1 p:{0} n.1 E k 7 1 0 frame K k 0 2 60 1 frame ");
    assert_int_equal(batch.number, 2);
    cluster_outbox_deinit(&outbox);
    net_chunk_unref(frame);
}

static void one_that_is_long_says_so(void **state)
{
    (void)state;
    while (!cluster_batch_is_long(&batch))
        cluster_batch_leave(&batch, BYTES("key"), BYTES("user"));
    assert_in_range(batch.command.arguments.len, 200000, 400000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_operation_begins_the_call),
        TEST(each_operation_has_the_arguments_that_the_script_takes),
        TEST(an_event_says_whether_it_is_to_come_back),
        TEST(one_that_is_long_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
