#include "cluster/merge.h"

#include "support/unit.h"

#define STREAMS_COUNT 3

static redisReply *replies[STREAMS_COUNT];
static struct cluster_merge merge;

static int set_up(void **state)
{
    (void)state;
    merge = (struct cluster_merge){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < STREAMS_COUNT; i++) {
        if (replies[i] != NULL)
            freeReplyObject(replies[i]);
        replies[i] = NULL;
    }
    return 0;
}

static redisReply *parse(const char *resp)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;

    redisReaderFeed(reader, resp, strlen(resp));
    assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
    assert_non_null(reply);
    redisReaderFree(reader);
    return reply;
}

/* The ids of a stream's entries; each has the name "m" and its id as value. */
static void add(size_t stream, size_t requested, const char *const *ids, size_t count)
{
    struct buffer resp = {0};

    buffer_printf(&resp, "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++)
        buffer_printf(&resp, "*2\r\n$%zu\r\n%s\r\n*2\r\n$1\r\nm\r\n$%zu\r\n%s\r\n", strlen(ids[i]),
                      ids[i], strlen(ids[i]), ids[i]);
    replies[stream] = parse(buffer_text(&resp));
    buffer_deinit(&resp);
    cluster_merge_add(&merge, stream, replies[stream], requested);
}

#define ADD(stream, requested, ...)                            \
    add(stream, requested, (const char *const[]){__VA_ARGS__}, \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void check(const char *should)
{
    struct cluster_merge_entry entry;
    struct buffer is = {0};

    while (cluster_merge_next(&merge, &entry)) {
        assert_true(bytes_equal(entry.value, entry.id_text));
        buffer_printf(&is, "%zu:%.*s ", entry.stream, BYTES_ARGS(entry.id_text));
    }
    assert_bytes_equal(buffer_bytes(&is), bytes_of(should));
    buffer_deinit(&is);
}

static void entries_of_all_streams_come_in_the_order_of_their_ids(void **state)
{
    (void)state;
    ADD(0, 9, "9-1", "10-3", "1764000000000000-1");
    ADD(1, 9, "9-2", "10-2");
    ADD(2, 9, "10-1", "1764000000000000-12");
    check("0:9-1 1:9-2 2:10-1 1:10-2 0:10-3 0:1764000000000000-1 2:1764000000000000-12 ");
    assert_false(merge.is_cut);
}

static void nothing_comes_before_what_was_not_requested_yet(void **state)
{
    (void)state;
    ADD(0, 2, "1-1", "3-1"); /* as many as requested: 3-2 may follow */
    ADD(1, 2, "2-1");
    ADD(2, 3, "3-1", "4-1");
    check("0:1-1 1:2-1 0:3-1 2:3-1 ");
    assert_true(merge.is_cut);
}

static void what_is_no_entry_is_empty(void **state)
{
    struct cluster_merge_entry entry;

    (void)state;
    replies[0] = parse("*2\r\n:7\r\n*2\r\n$5\r\nno id\r\n*1\r\n$1\r\nm\r\n");
    cluster_merge_add(&merge, 0, replies[0], 9);
    for (size_t i = 0; i < 2; i++) {
        assert_true(cluster_merge_next(&merge, &entry));
        assert_int_equal(entry.id.number, 0);
        assert_int_equal(entry.value.len, 0);
    }
    assert_false(cluster_merge_next(&merge, &entry));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(entries_of_all_streams_come_in_the_order_of_their_ids),
        TEST(nothing_comes_before_what_was_not_requested_yet),
        TEST(what_is_no_entry_is_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
