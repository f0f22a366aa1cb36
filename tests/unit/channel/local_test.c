#include "channel/local.h"

#include "channel/subscription.h"
#include "support/unit.h"

#define MEMBERS_COUNT 60

/* Connections are only compared, so any address does. */
static struct ws_conn conns[MEMBERS_COUNT];

struct member {
    struct channel_subscriber subscriber;
    struct channel_subscription subscription;
    bool is_held;
    bool is_active;
};

static void init(struct member *members)
{
    for (size_t i = 0; i < MEMBERS_COUNT; i++) {
        members[i] = (struct member){.subscriber = {.conn = &conns[i]}};
        members[i].subscription.subscriber = &members[i].subscriber;
    }
}

/* Receivers first, each place known to its subscription, each connection found. */
static void check(const struct channel_local *local, struct member *members, size_t held_count,
                  size_t count)
{
    assert_int_equal(local->held_count, held_count);
    assert_int_equal(local->count, count);
    for (uint32_t i = 0; i < held_count; i++) {
        const struct channel_local_place *place = &local->places[i];
        const struct member *member = LIST_OWNER(place->subscription, struct member, subscription);

        assert_true(member->is_held);
        assert_int_equal(member->is_active, i < count);
        assert_int_equal(place->subscription->is_active, i < count);
        assert_int_equal(place->subscription->index, i);
        assert_ptr_equal(place->conn, member->subscriber.conn);
    }
    for (size_t i = 0; i < MEMBERS_COUNT; i++)
        assert_ptr_equal(channel_local_find(local, &conns[i]),
                         members[i].is_held ? &members[i].subscription : NULL);
}

static void step(struct channel_local *local, struct member *member)
{
    if (!member->is_held)
        channel_local_hold(local, &member->subscription);
    else if (!member->is_active)
        channel_local_activate(local, &member->subscription);
    else
        channel_local_deactivate(local, &member->subscription);
    member->is_active = member->is_held && !member->is_active;
    member->is_held = true;
}

static void leave(struct channel_local *local, struct member *member)
{
    if (member->is_active)
        channel_local_deactivate(local, &member->subscription);
    channel_local_release(local, &member->subscription);
    member->is_active = false;
    member->is_held = false;
}

/* Few and many by turns, so that the map comes and goes. */
static void who_comes_and_goes_at_random_is_found_while_there(void **state)
{
    struct unit_random random = {1};
    struct channel_local local = {0};
    struct member members[MEMBERS_COUNT];
    bool had_map = false;

    (void)state;
    init(members);
    for (int i = 0; i < 20000; i++) {
        const bool is_growing = i / 500 % 2 == 0;
        struct member *member = &members[unit_random_below(&random, MEMBERS_COUNT)];
        size_t held_count = 0;
        size_t count = 0;

        if (member->is_held && unit_random_below(&random, 8) >= (is_growing ? 7 : 3))
            leave(&local, member);
        else if (member->is_held || is_growing || unit_random_below(&random, 8) == 0)
            step(&local, member);
        for (size_t j = 0; j < MEMBERS_COUNT; j++) {
            held_count += members[j].is_held;
            count += members[j].is_active;
        }
        check(&local, members, held_count, count);
        had_map |= local.by_conn != NULL;
    }
    assert_true(had_map);
    for (size_t i = 0; i < MEMBERS_COUNT; i++)
        if (members[i].is_held)
            leave(&local, &members[i]);
    check(&local, members, 0, 0);
}

static void receivers_stand_in_the_order_of_their_coming(void **state)
{
    struct channel_local local = {0};
    struct member members[MEMBERS_COUNT];

    (void)state;
    init(members);
    for (size_t i = 0; i < MEMBERS_COUNT; i++)
        step(&local, &members[i]);
    for (size_t i = MEMBERS_COUNT; i-- > 0;)
        step(&local, &members[i]);
    for (uint32_t i = 0; i < MEMBERS_COUNT; i++)
        assert_ptr_equal(local.places[i].conn, &conns[MEMBERS_COUNT - 1 - i]);
    for (size_t i = 0; i < MEMBERS_COUNT; i++)
        leave(&local, &members[i]);
}

static void with_the_last_one_all_memory_is_given_back(void **state)
{
    struct channel_local local = {0};
    struct member members[MEMBERS_COUNT];

    (void)state;
    init(members);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < MEMBERS_COUNT; i++)
            step(&local, &members[i]);
        for (size_t i = 0; i < MEMBERS_COUNT; i++)
            leave(&local, &members[i]);
        assert_null(local.places);
        assert_null(local.by_conn);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_comes_and_goes_at_random_is_found_while_there),
        cmocka_unit_test(receivers_stand_in_the_order_of_their_coming),
        cmocka_unit_test(with_the_last_one_all_memory_is_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
