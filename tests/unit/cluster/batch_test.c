#include "cluster/batch.h"

#include "support/unit.h"

static struct cluster_batch batch;

static int set_up(void **state)
{
    (void)state;
    batch = (struct cluster_batch){
        .sha = "sha", .prefix = "p:{0}", .node = "n.1", .epoch = "e", .inbox_bytes_max = 99};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cluster_batch_deinit(&batch);
    return 0;
}

/* The arguments, each with a blank behind it; the bytes of packed lengths as digits. */
static void check(const char *should)
{
    struct bytes rest = buffer_bytes(&batch.command.arguments);
    struct buffer is = {0};
    struct bytes line;
    size_t count = 0;

    while (bytes_next(&rest, '\n', &line)) {
        if (line.len > 0 && line.data[0] == '$' && bytes_next(&rest, '\n', &line)) {
            for (size_t i = 0; i + 1 < line.len; i++)
                buffer_append_char(&is, (char)(line.data[i] + (line.data[i] < 10 ? '0' : 0)));
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
    cluster_batch_leave(&batch, BYTES("k"), BYTES("u"), false);
    assert_false(cluster_batch_is_empty(&batch));
    cluster_batch_join(&batch, BYTES("k"), BYTES("u"), BYTES("{}"));
    check("EVALSHA sha 1 p:{0} n.1 99 e L k u 0 J k u {} ");
    cluster_batch_clear(&batch);
    assert_true(cluster_batch_is_empty(&batch));
}

static void each_operation_has_the_arguments_that_the_script_takes(void **state)
{
    (void)state;
    cluster_batch_hello(&batch, "epoch", 17);
    cluster_batch_subscriptions(&batch, BYTES("k"), 2,
                                CLUSTER_KEY_IS_PRESENCE | CLUSTER_KEY_NOTIFIES_COUNT, 4);
    cluster_batch_show(&batch, BYTES("k"), CLUSTER_KEY_IS_PRESENCE | CLUSTER_KEY_IS_CACHE, 5,
                       BYTES("17"));
    cluster_batch_await(&batch, BYTES("k"), (struct cluster_waiter){UINT64_MAX, 3}, true);
    cluster_batch_forget_cached(&batch, BYTES("a"), 1000);
    cluster_batch_connections(&batch, BYTES("a"), -3);
    cluster_batch_admit(&batch, BYTES("a"), 9, (struct cluster_waiter){7, 4});
    cluster_batch_lookup_online(&batch, BYTES("k"), (struct cluster_waiter){7, 5});
    cluster_batch_bytes_read(&batch, 1000);
    cluster_batch_verify(&batch, BYTES("k"), 2, BYTES("u"));
    cluster_batch_verify_connections(&batch, BYTES("a"), 5);
    cluster_batch_renew(&batch);
    cluster_batch_give_up(&batch, "o.1", "12");
    cluster_batch_reap(&batch);
    cluster_batch_probe_memory(&batch);
    cluster_batch_heartbeat(&batch, 3, 8, "0f");
    cluster_batch_remove_previous(&batch);
    cluster_batch_all_is_said(&batch);
    cluster_batch_leave_cluster(&batch);
    check(
        "EVALSHA sha 1 p:{0} n.1 99 e H epoch 17 S k 2 pt 4 Y k pk 5 17 D k 18446744073709551615:3 "
        "t O a 1000 X a -3 M a 9 7:4 Q k 7:5 A 1000 V k 2 u v a 5 N U o.1 12 R W B 3 8 0f F Z G ");
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
    check("EVALSHA sha 1 p:{0} n.1 99 e E k 0 E\x1d"
          "0001000k1000710001"
          "1000n5000frame K k 0 2 60 1 frame ");
    assert_int_equal(batch.first, 1);
    assert_int_equal(batch.last, 2);
    cluster_batch_clear(&batch);
    cluster_batch_event(&batch, cluster_outbox_add(&outbox, BYTES("u1:a:7"), 0, NULL, 0, false));
    check("EVALSHA sha 1 p:{0} n.1 99 e T a 7 3 ");
    assert_int_equal(batch.first, 3);
    assert_int_equal(batch.last, 3);
    cluster_outbox_deinit(&outbox);
    net_chunk_unref(frame);
}

static void events_alone_may_have_an_echo(void **state)
{
    struct net_chunk *frame = net_chunk_new(8);
    struct cluster_outbox outbox;

    (void)state;
    net_chunk_append(frame, "frame", 5);
    cluster_outbox_init(&outbox, 1000);
    cluster_batch_event(&batch, cluster_outbox_add(&outbox, BYTES("k"), 7, frame, 0, true));
    assert_false(cluster_batch_has_echo(&batch));
    cluster_batch_event(&batch, cluster_outbox_add(&outbox, BYTES("u1:a:7"), 0, NULL, 0, false));
    assert_true(cluster_batch_has_echo(&batch));
    cluster_batch_echo(&batch, "5-1");
    assert_false(cluster_batch_has_echo(&batch));
    check("EVALSHA sha 1 p:{0} n.1 99 e E k 0 E\x1d"
          "0001000k1000710001"
          "1000n5000frame T a 7 2 e 5-1 ");
    cluster_batch_clear(&batch);
    cluster_batch_event(&batch, cluster_outbox_add(&outbox, BYTES("k"), 7, frame, 60, false));
    assert_true(cluster_batch_has_echo(&batch));
    cluster_batch_connections(&batch, BYTES("a"), 1);
    assert_false(cluster_batch_has_echo(&batch));
    cluster_outbox_deinit(&outbox);
    net_chunk_unref(frame);
}

static void one_with_many_bytes_is_long(void **state)
{
    static const char filling[20000];
    struct net_chunk *frame = net_chunk_new(sizeof filling);
    struct cluster_outbox outbox;

    (void)state;
    net_chunk_append(frame, filling, sizeof filling);
    cluster_outbox_init(&outbox, 1000);
    while (!cluster_batch_is_long(&batch))
        cluster_batch_event(&batch, cluster_outbox_add(&outbox, BYTES("k"), 7, frame, 0, true));
    assert_in_range(batch.command.arguments.len, 200000, 400000);
    cluster_outbox_deinit(&outbox);
    net_chunk_unref(frame);
}

/* Some services limit them. */
static void a_call_has_no_more_arguments_than_its_weight_allows(void **state)
{
    struct net_chunk *frame = net_chunk_new(8);
    struct cluster_outbox outbox;

    (void)state;
    cluster_outbox_init(&outbox, 100000);
    while (!cluster_batch_is_long(&batch))
        cluster_batch_event(&batch, cluster_outbox_add(&outbox, BYTES("k"), 7, frame, 0, true));
    assert_in_range(batch.command.count, 1000, 2500);
    cluster_batch_clear(&batch);
    while (!cluster_batch_is_long(&batch))
        cluster_batch_await(&batch, BYTES("k"), (struct cluster_waiter){7, 1}, false);
    assert_in_range(batch.command.count, 1000, 2500);
    cluster_outbox_deinit(&outbox);
    net_chunk_unref(frame);
}

/* A page of members costs Redis up to a millisecond. */
static void a_call_asks_for_a_few_pages_only(void **state)
{
    size_t count = 0;

    (void)state;
    for (; !cluster_batch_is_long(&batch); count++)
        cluster_batch_show(&batch, BYTES("k"), CLUSTER_KEY_IS_PRESENCE, 1, BYTES("0"));
    assert_in_range(count, 2, 6);
    cluster_batch_clear(&batch);
    for (count = 0; !cluster_batch_is_long(&batch); count++)
        cluster_batch_subscriptions(&batch, BYTES("k"), 1, CLUSTER_KEY_IS_PRESENCE, 1);
    assert_in_range(count, 2, 6);
}

/* However short it is: operations whose work Redis would be blocked by. */
static size_t joins_until_long(size_t nodes_count)
{
    size_t count = 0;

    cluster_batch_clear(&batch);
    batch.nodes_count = nodes_count;
    for (; !cluster_batch_is_long(&batch); count++)
        cluster_batch_join(&batch, BYTES("k"), BYTES("u"), BYTES("{}"));
    return count;
}

static void one_that_takes_redis_long_is_long_and_sooner_with_some_nodes(void **state)
{
    (void)state;
    assert_in_range(joins_until_long(2), 100, 200);
    assert_in_range(joins_until_long(8), 80, 99);
    assert_int_equal(joins_until_long(100), joins_until_long(8)); /* the channel is wide then */
}

static void it_knows_whether_the_state_changes_or_is_only_told(void **state)
{
    (void)state;
    cluster_batch_await(&batch, BYTES("k"), (struct cluster_waiter){1, 1}, false);
    cluster_batch_probe_memory(&batch);
    assert_false(batch.changes_state);
    cluster_batch_leave(&batch, BYTES("k"), BYTES("u"), false);
    assert_true(batch.changes_state);
    cluster_batch_sent(&batch);
    assert_false(batch.changes_state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_operation_begins_the_call),
        TEST(each_operation_has_the_arguments_that_the_script_takes),
        TEST(an_event_says_whether_it_is_to_come_back),
        TEST(a_call_asks_for_a_few_pages_only),
        TEST(a_call_has_no_more_arguments_than_its_weight_allows),
        TEST(events_alone_may_have_an_echo),
        TEST(one_with_many_bytes_is_long),
        TEST(one_that_takes_redis_long_is_long_and_sooner_with_some_nodes),
        TEST(it_knows_whether_the_state_changes_or_is_only_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
