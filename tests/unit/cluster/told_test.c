#include "cluster/told.h"

#include "base/buffer.h"
#include "support/unit.h"

#define ROOM BYTES("c3:app:room")

static struct cluster_told_place *hand_over(struct cluster_told *told, char letter,
                                            const char *member)
{
    return cluster_told_hand_over(told, letter, ROOM, bytes_of(member), 1000);
}

static void tell(struct cluster_told *told, char letter, const char *member, uint64_t now_ms)
{
    cluster_told_done(told, hand_over(told, letter, member), now_ms);
}

/* The suspects, a word each: letter, member, "?" if it is unsure. */
static void check_suspects(const struct cluster_told *told, const char *should)
{
    struct cluster_told_place *place = NULL;
    struct buffer words = {0};

    while ((place = cluster_told_next_suspect(told, place)) != NULL) {
        assert_bytes_equal(cluster_told_key(place), ROOM);
        buffer_printf(&words, "%c%.*s%s ", place->letter, BYTES_ARGS(cluster_told_member(place)),
                      place->is_unsure ? "?" : "");
    }
    assert_bytes_equal(buffer_bytes(&words), bytes_of(should));
    buffer_deinit(&words);
}

static void compare_all(struct cluster_told *told)
{
    for (struct cluster_told_place *at = cluster_told_next_suspect(told, NULL); at != NULL;
         at = cluster_told_next_suspect(told, at))
        at->is_comparing = true;
    cluster_told_compared(told, 1000);
}

static void the_last_that_was_told_of_a_place_counts(void **state)
{
    struct cluster_told told;

    (void)state;
    cluster_told_init(&told, 100);
    tell(&told, 'o', "", 1000);
    tell(&told, 'a', "ann", 1000);
    tell(&told, 'a', "bob", 1000);
    tell(&told, 'r', "ann", 1000);
    tell(&told, 'c', "17", 1000); /* a count is of the channel */
    tell(&told, 'c', "18", 1000);
    check_suspects(&told, "");
    cluster_told_suspect_all(&told, 1000);
    check_suspects(&told, "rann abob o c ");
    compare_all(&told);
    check_suspects(&told, "");
    cluster_told_suspect_all(&told, 1000);
    check_suspects(&told, "rann abob o c ");
    cluster_told_deinit(&told);
}

static void what_is_on_its_way_may_have_come_or_not(void **state)
{
    struct cluster_told told;
    struct cluster_told_place *ann;

    (void)state;
    cluster_told_init(&told, 100);
    tell(&told, 'a', "ann", 1000);
    tell(&told, 'a', "bob", 1000);
    ann = hand_over(&told, 'r', "ann");
    assert_ptr_equal(hand_over(&told, 'a', "ann"), ann);
    cluster_told_done(&told, ann, 1000);
    cluster_told_suspect_all(&told, 1000);
    check_suspects(&told, "abob aann? ");
    cluster_told_done(&told, ann, 1000); /* too late to be sure */
    hand_over(&told, 'r', "bob");
    check_suspects(&told, "rbob? aann? ");
    compare_all(&told);
    cluster_told_suspect_pending(&told, 1000);
    check_suspects(&told, "rbob? ");
    cluster_told_forget(&told);
    compare_all(&told);
    cluster_told_forget(&told);
    assert_int_equal(told.places.count, 0);
    cluster_told_deinit(&told);
}

static void a_link_that_is_lost_has_compared_nothing(void **state)
{
    struct cluster_told told;

    (void)state;
    cluster_told_init(&told, 100);
    tell(&told, 'a', "ann", 1000);
    cluster_told_suspect_all(&told, 1000);
    cluster_told_next_suspect(&told, NULL)->is_comparing = true;
    cluster_told_not_compared(&told);
    cluster_told_compared(&told, 1000);
    check_suspects(&told, "aann ");
    cluster_told_deinit(&told);
}

static void who_left_long_ago_and_the_oldest_are_forgotten(void **state)
{
    struct cluster_told told;
    char name[16];

    (void)state;
    cluster_told_init(&told, 3);
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "u%d", i);
        tell(&told, 'a', name, 1000);
        snprintf(name, sizeof name, "v%d", i);
        tell(&told, 'r', name, 1000 + (uint64_t)i);
    }
    assert_int_equal(told.places.count, 6);
    tell(&told, 'a', "u2", 121003); /* of those that have left: v4 alone is not too old */
    assert_int_equal(told.counts[CLUSTER_TOLD_ABSENT], 1);
    cluster_told_suspect_all(&told, 121003);
    check_suspects(&told, "rv4 au2 au4 au3 ");
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "w%d", i);
        tell(&told, 'a', name, 121003);
        cluster_told_suspect_all(&told, 121003);
    }
    assert_in_range(told.places.count, 12, 13);
    cluster_told_deinit(&told);
}

static void who_left_this_node_is_suspect_only_for_an_empty_redis(void **state)
{
    struct cluster_told told;

    (void)state;
    cluster_told_init(&told, 3);
    tell(&told, 'a', "told", 1000);
    cluster_told_left(&told, 'r', ROOM, BYTES("told"), true, 1000);
    cluster_told_left(&told, 'r', ROOM, BYTES("long-ago"), true, 1000);
    cluster_told_left(&told, 'r', ROOM, BYTES("ann"), true, 2000);
    cluster_told_left(&told, 'v', ROOM, BYTES(""), true, 11000);
    cluster_told_left(&told, 'r', ROOM, BYTES("ann"), false, 30000);
    cluster_told_joined(&told, true, 30000);
    check_suspects(&told, "rann v ");
    compare_all(&told);
    for (int i = 0; i < 5; i++) {
        const char name[] = {(char)('1' + i), '\0'};

        cluster_told_left(&told, 'r', ROOM, bytes_of(name), false, 30000);
    }
    assert_int_equal(told.counts[CLUSTER_TOLD_LEFT], 3);
    hand_over(&told, 'a', "5");
    cluster_told_joined(&told, false, 30000);
    assert_int_equal(told.counts[CLUSTER_TOLD_LEFT], 0);
    check_suspects(&told, "");
    cluster_told_deinit(&told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_that_was_told_of_a_place_counts),
        cmocka_unit_test(what_is_on_its_way_may_have_come_or_not),
        cmocka_unit_test(a_link_that_is_lost_has_compared_nothing),
        cmocka_unit_test(who_left_this_node_is_suspect_only_for_an_empty_redis),
        cmocka_unit_test(who_left_long_ago_and_the_oldest_are_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
