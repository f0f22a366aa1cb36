#include "channel/receivers.h"

#include "channel/subscription.h"
#include "support/unit.h"

#define MEMBERS_COUNT 60

/* Connections are only compared, so any address does. */
static struct ws_conn conns[MEMBERS_COUNT];

struct member {
    struct channel_subscriber subscriber;
    struct channel_subscription subscription;
    bool is_response_deferred;
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
static void check(const struct channel_receivers *receivers, struct member *members,
                  size_t entries_count, size_t count)
{
    assert_int_equal(receivers->entries_count, entries_count);
    assert_int_equal(receivers->count, count);
    for (uint32_t i = 0; i < entries_count; i++) {
        const struct channel_receivers_entry *entry = &receivers->entries[i];
        const struct member *member = LIST_OWNER(entry->subscription, struct member, subscription);

        assert_true(member->is_response_deferred);
        assert_int_equal(member->is_active, i < count);
        assert_int_equal(entry->subscription->is_active, i < count);
        assert_int_equal(entry->subscription->index, i);
        assert_ptr_equal(entry->conn, member->subscriber.conn);
    }
    for (size_t i = 0; i < MEMBERS_COUNT; i++)
        assert_ptr_equal(channel_receivers_find(receivers, &conns[i]),
                         members[i].is_response_deferred ? &members[i].subscription : NULL);
}

static void step(struct channel_receivers *receivers, struct member *member)
{
    if (!member->is_response_deferred)
        channel_receivers_add(receivers, &member->subscription);
    else if (!member->is_active)
        channel_receivers_activate(receivers, &member->subscription);
    else
        channel_receivers_deactivate(receivers, &member->subscription);
    member->is_active = member->is_response_deferred && !member->is_active;
    member->is_response_deferred = true;
}

static void leave(struct channel_receivers *receivers, struct member *member)
{
    if (member->is_active)
        channel_receivers_deactivate(receivers, &member->subscription);
    channel_receivers_remove(receivers, &member->subscription);
    member->is_active = false;
    member->is_response_deferred = false;
}

/* Few and many by turns, so that the map comes and goes. */
static void who_comes_and_goes_at_random_is_found_while_there(void **state)
{
    struct unit_random random = {1};
    struct channel_receivers receivers = {0};
    struct member members[MEMBERS_COUNT];
    bool had_map = false;

    (void)state;
    init(members);
    for (int i = 0; i < 20000; i++) {
        const bool is_growing = i / 500 % 2 == 0;
        struct member *member = &members[unit_random_below(&random, MEMBERS_COUNT)];
        size_t entries_count = 0;
        size_t count = 0;

        if (member->is_response_deferred && unit_random_below(&random, 8) >= (is_growing ? 7 : 3))
            leave(&receivers, member);
        else if (member->is_response_deferred || is_growing || unit_random_below(&random, 8) == 0)
            step(&receivers, member);
        for (size_t j = 0; j < MEMBERS_COUNT; j++) {
            entries_count += members[j].is_response_deferred;
            count += members[j].is_active;
        }
        check(&receivers, members, entries_count, count);
        had_map |= receivers.by_conn != NULL;
    }
    assert_true(had_map);
    for (size_t i = 0; i < MEMBERS_COUNT; i++)
        if (members[i].is_response_deferred)
            leave(&receivers, &members[i]);
    check(&receivers, members, 0, 0);
}

static void receivers_stand_in_the_order_of_their_coming(void **state)
{
    struct channel_receivers receivers = {0};
    struct member members[MEMBERS_COUNT];

    (void)state;
    init(members);
    for (size_t i = 0; i < MEMBERS_COUNT; i++)
        step(&receivers, &members[i]);
    for (size_t i = MEMBERS_COUNT; i-- > 0;)
        step(&receivers, &members[i]);
    for (uint32_t i = 0; i < MEMBERS_COUNT; i++)
        assert_ptr_equal(receivers.entries[i].conn, &conns[MEMBERS_COUNT - 1 - i]);
    for (size_t i = 0; i < MEMBERS_COUNT; i++)
        leave(&receivers, &members[i]);
}

static void with_the_last_one_all_memory_is_given_back(void **state)
{
    struct channel_receivers receivers = {0};
    struct member members[MEMBERS_COUNT];

    (void)state;
    init(members);
    for (int generation = 0; generation < 2; generation++) {
        for (size_t i = 0; i < MEMBERS_COUNT; i++)
            step(&receivers, &members[i]);
        for (size_t i = 0; i < MEMBERS_COUNT; i++)
            leave(&receivers, &members[i]);
        assert_null(receivers.entries);
        assert_null(receivers.by_conn);
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
