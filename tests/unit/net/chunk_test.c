#include "net/chunk.h"

#include "support/unit.h"

#include <pthread.h>

static void a_chunk_holds_what_was_appended(void **state)
{
    struct net_chunk *chunk = net_chunk_new(5);

    (void)state;
    net_chunk_append(chunk, "ab", 2);
    net_chunk_append(chunk, NULL, 0);
    net_chunk_append(chunk, "cde", 3);
    assert_text(net_chunk_bytes(chunk), "abcde");
    net_chunk_unref(chunk);
    net_chunk_unref(NULL);
    net_chunk_unref(net_chunk_new(0));
}

static void *ref_often(void *user)
{
    for (int i = 0; i < 100000; i++)
        net_chunk_unref(net_chunk_ref(user));
    net_chunk_unref(user);
    return NULL;
}

static void a_chunk_lives_until_the_last_thread_lets_go(void **state)
{
    struct net_chunk *chunk = net_chunk_new(16);
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ref_often, net_chunk_ref(chunk)), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&chunk->refs), 1);
    net_chunk_unref(chunk);
}

static void what_is_held_counts_for_the_user_and_the_app_of_the_first_who_holds_it(void **state)
{
    const struct net_chunk_holder first = {net_chunk_account(1), net_chunk_account(2)};
    const struct net_chunk_holder second = {net_chunk_account(1), net_chunk_account(3)};
    struct net_chunk *chunk = net_chunk_new(100);
    struct net_chunk *other = net_chunk_new(1000);
    const size_t len = sizeof *chunk + 100;

    (void)state;
    net_chunk_hold(chunk, first);
    net_chunk_hold(chunk, second);
    assert_int_equal(net_chunk_held_bytes(), len);
    assert_int_equal(net_chunk_held_bytes_of(first.app), len);
    assert_int_equal(net_chunk_held_bytes_of(first.user), len);
    assert_int_equal(net_chunk_held_bytes_of(second.user), 0);
    net_chunk_hold(other, (struct net_chunk_holder){NET_CHUNK_NOBODY, NET_CHUNK_NOBODY});
    assert_int_equal(net_chunk_held_bytes(), len + sizeof *other + 1000);
    net_chunk_unref(other);
    net_chunk_unref(chunk);
    assert_int_equal(net_chunk_held_bytes_of(first.app), 0);
    assert_int_equal(net_chunk_held_bytes_of(first.user), 0);
    assert_int_equal(net_chunk_held_bytes(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_holds_what_was_appended),
        cmocka_unit_test(a_chunk_lives_until_the_last_thread_lets_go),
        cmocka_unit_test(what_is_held_counts_for_the_user_and_the_app_of_the_first_who_holds_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
