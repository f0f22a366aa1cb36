#include "cluster/key.h"

#include "support/unit.h"

static void check_there_and_back(struct cluster_key key, const char *should)
{
    struct buffer text = {0};
    struct cluster_key read;
    char *exact;

    cluster_key_write(&text, key);
    assert_bytes_equal(buffer_bytes(&text), bytes_of(should));
    exact = unit_exact(buffer_bytes(&text));
    assert_true(cluster_key_read((struct bytes){exact, text.len}, &read));
    assert_int_equal(read.kind, key.kind);
    assert_bytes_equal(read.app_id, key.app_id);
    assert_bytes_equal(read.name, key.name);
    free(exact);
    buffer_deinit(&text);
}

static void a_key_is_read_as_it_was_written(void **state)
{
    (void)state;
    check_there_and_back((struct cluster_key){CLUSTER_KEY_CHANNEL, BYTES("1001"), BYTES("news")},
                         "c4:1001:news");
    check_there_and_back((struct cluster_key){CLUSTER_KEY_USER, BYTES("a:b"), BYTES("c:d")},
                         "u3:a:b:c:d");
    check_there_and_back((struct cluster_key){CLUSTER_KEY_USER, BYTES("a"), BYTES("b:c:d")},
                         "u1:a:b:c:d");
    check_there_and_back((struct cluster_key){CLUSTER_KEY_WATCH, BYTES("1"), BYTES("")}, "w1:1:");
}

static void what_is_no_key_is_not_read(void **state)
{
    static const char *const texts[] = {"",
                                        "c",
                                        "c1",
                                        "c1:",
                                        "c1:a",
                                        "c2:a:",
                                        "c-1:a:",
                                        "c9:abc:d",
                                        "cx:a:b",
                                        "c1a:b",
                                        "c1:ab",
                                        "c:a:b",
                                        "c99999999999999999:a:b"};
    struct cluster_key key;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *exact = unit_exact(bytes_of(texts[i]));

        assert_false(cluster_key_read((struct bytes){exact, strlen(texts[i])}, &key));
        free(exact);
    }
}

/* Fixed numbers: nodes of different versions must agree. */
static void all_nodes_find_the_same_partition(void **state)
{
    const struct cluster_key key = {CLUSTER_KEY_CHANNEL, BYTES("1001"), BYTES("news")};
    size_t counts[16] = {0};

    (void)state;
    assert_int_equal(cluster_key_partition(key, 1), 0);
    assert_int_equal(cluster_key_partition(key, 16), 12);
    for (int i = 0; i < 1600; i++) {
        char name[16];
        struct cluster_key each = {CLUSTER_KEY_USER, BYTES("1001"), BYTES_NONE};
        size_t partition;

        snprintf(name, sizeof name, "%d", i);
        each.name = bytes_of(name);
        partition = cluster_key_partition(each, 16);
        each.kind = CLUSTER_KEY_WATCH;
        assert_int_equal(cluster_key_partition(each, 16), partition);
        counts[partition]++;
    }
    for (int i = 0; i < 16; i++)
        assert_in_range(counts[i], 50, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_read_as_it_was_written),
        cmocka_unit_test(what_is_no_key_is_not_read),
        cmocka_unit_test(all_nodes_find_the_same_partition),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
