#include "channel/presence.h"

#include "support/oracle.h"
#include "support/unit.h"

#define USERS_COUNT 40

/* The snapshot as jansson reads it: it stands inside a JSON string. */
static json_t *snapshot_of(struct channel_presence *presence)
{
    struct buffer text = {0};
    json_t *string;
    json_t *root;

    buffer_append_char(&text, '"');
    buffer_append_bytes(&text, channel_presence_snapshot(presence));
    buffer_append_char(&text, '"');
    assert_int_equal(oracle_text(buffer_bytes(&text), &string), ORACLE_ACCEPTED);
    assert_int_equal(oracle_text(oracle_string(string), &root), ORACLE_ACCEPTED);
    json_decref(string);
    buffer_deinit(&text);
    return root;
}

/* What the test believes of a user. */
struct user {
    char id[32];
    char info[64];
    struct channel_presence_member *member;
    size_t connections_count;
};

static struct user users[USERS_COUNT];

static void check_model(struct channel_presence *presence)
{
    json_t *root = snapshot_of(presence);
    json_t *ids = json_object_get(root, "ids");
    json_t *hash = json_object_get(root, "hash");
    size_t count = 0;

    for (size_t i = 0; i < USERS_COUNT; i++) {
        const json_t *info = json_object_get(hash, users[i].id);
        json_t *should = json_loads(users[i].info, JSON_DECODE_ANY, NULL);

        count += users[i].connections_count > 0;
        assert_int_equal(info != NULL, users[i].connections_count > 0);
        if (info != NULL)
            assert_true(json_equal(info, should));
        json_decref(should);
    }
    assert_int_equal(json_real_value(json_object_get(root, "count")), count);
    assert_int_equal(json_array_size(ids), count);
    assert_int_equal(json_object_size(hash), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *id = json_array_get(ids, i);

        assert_non_null(json_object_get(hash, json_string_value(id)));
        assert_bytes_equal(channel_presence_user_id(channel_presence_at(presence, i)),
                           oracle_string(id));
    }
    assert_int_equal(channel_presence_count(presence), count);
    json_decref(root);
}

static void name_users(void)
{
    static const char *const odd[] = {"\"", "\\", "\xc3\xa4", "0", "a b", "\n", "{}", "\x7f"};

    for (size_t i = 0; i < USERS_COUNT; i++) {
        if (i < sizeof odd / sizeof odd[0])
            snprintf(users[i].id, sizeof users[i].id, "%s", odd[i]);
        else
            snprintf(users[i].id, sizeof users[i].id, "%zu", i);
        snprintf(users[i].info, sizeof users[i].info,
                 i % 3 == 0 ? "{}" : "{\"n\":%zu.5,\"t\":\"\\\"\\u00e4\\\\\"}", i);
    }
}

static void join(struct channel_presence *presence, struct user *user)
{
    bool is_first;

    user->member = channel_presence_join(presence, bytes_of(user->id), bytes_of(user->info),
                                         &is_first, &(uint32_t){0});
    assert_int_equal(is_first, user->connections_count == 0);
    assert_int_equal(channel_presence_list(presence, bytes_of(user->id), bytes_of(user->info)),
                     is_first);
    user->connections_count++;
    assert_bytes_equal(channel_presence_user_id(user->member), bytes_of(user->id));
}

static void leave(struct channel_presence *presence, struct user *user)
{
    user->connections_count--;
    assert_int_equal(channel_presence_is_last(user->member), user->connections_count == 0);
    if (user->connections_count == 0)
        assert_true(channel_presence_unlist(presence, bytes_of(user->id)));
    assert_int_equal(channel_presence_leave(presence, user->member, 0, &(bool){0}),
                     user->connections_count == 0);
}

static void the_snapshot_shows_who_is_there_whoever_comes_and_goes(void **state)
{
    struct channel_presence *presence = channel_presence_new();
    struct unit_random random = {1};

    (void)state;
    name_users();
    check_model(presence);
    for (int i = 0; i < 4000; i++) {
        struct user *user = &users[unit_random_below(&random, USERS_COUNT)];

        if (user->connections_count > 0 && unit_random_below(&random, 2) == 0)
            leave(presence, user);
        else if (user->connections_count < 4)
            join(presence, user);
        if (i % 3 == 0)
            check_model(presence);
    }
    for (size_t i = 0; i < USERS_COUNT; i++)
        while (users[i].connections_count > 0)
            leave(presence, &users[i]);
    check_model(presence);
    channel_presence_free(presence);
}

static void the_first_connection_says_what_is_shown_of_a_member(void **state)
{
    struct channel_presence *presence = channel_presence_new();
    bool is_first;
    json_t *root;

    (void)state;
    channel_presence_join(presence, BYTES("1"), BYTES("{\"name\":\"first\"}"), &is_first,
                          &(uint32_t){0});
    channel_presence_join(presence, BYTES("1"), BYTES("{\"name\":\"second\"}"), &is_first,
                          &(uint32_t){0});
    assert_false(is_first);
    channel_presence_list(presence, BYTES("1"), BYTES("{\"name\":\"first\"}"));
    root = snapshot_of(presence);
    assert_text(oracle_member(json_object_get(json_object_get(root, "hash"), "1"), "name"),
                "first");
    json_decref(root);
    channel_presence_free(presence); /* with members in it */
    channel_presence_free(NULL);
}

static void assert_shown(struct channel_presence *presence, const char *name)
{
    json_t *root = snapshot_of(presence);

    assert_bytes_equal(oracle_member(json_object_get(json_object_get(root, "hash"), "1"), "name"),
                       bytes_of(name));
    json_decref(root);
}

/* As a node alone does it: what it stands up for is shown. */
static bool leave_and_show(struct channel_presence *presence,
                           struct channel_presence_member *member, uint32_t number)
{
    struct buffer info = {0};
    bool is_info_new;
    const bool is_last = channel_presence_leave(presence, member, number, &is_info_new);

    if (is_info_new) {
        channel_presence_user_info(member, &info);
        assert_false(channel_presence_list(presence, BYTES("1"), buffer_bytes(&info)));
    }
    buffer_deinit(&info);
    return is_last;
}

static void what_is_shown_of_a_member_is_of_a_connection_that_is_there(void **state)
{
    static const char *const names[] = {"a", "b", "a", "c"};
    struct channel_presence *presence = channel_presence_new();
    struct channel_presence_member *member = NULL;
    struct buffer info = {0};
    uint32_t infos[4];
    bool is_first;

    (void)state;
    for (int i = 0; i < 4; i++) {
        buffer_clear(&info);
        buffer_printf(&info, "{\"name\":\"%s\"}", names[i]);
        member =
            channel_presence_join(presence, BYTES("1"), buffer_bytes(&info), &is_first, &infos[i]);
    }
    channel_presence_list(presence, BYTES("1"), BYTES("{\"name\":\"a\"}"));
    assert_shown(presence, "a");
    assert_false(leave_and_show(presence, member, infos[0]));
    assert_shown(presence, "a");
    assert_false(leave_and_show(presence, member, infos[2]));
    assert_shown(presence, "b");
    channel_presence_join(presence, BYTES("1"), BYTES("{\"name\":\"a\"}"), &is_first, &infos[0]);
    assert_shown(presence, "b");
    assert_false(leave_and_show(presence, member, infos[3]));
    assert_false(leave_and_show(presence, member, infos[1]));
    assert_shown(presence, "a");
    buffer_clear(&info);
    channel_presence_user_info(member, &info);
    assert_text(buffer_bytes(&info), "{\"name\":\"a\"}");
    channel_presence_join(presence, BYTES("1"), BYTES("{\"name\":\"d\"}"), &is_first, &infos[1]);
    assert_false(leave_and_show(presence, member, infos[0]));
    /* The last one goes, but other nodes have the member. */
    assert_true(leave_and_show(presence, member, infos[1]));
    assert_shown(presence, "d");
    buffer_deinit(&info);
    channel_presence_free(presence);
}

/* Over several nodes what is shown is what all of them are told, until something else is told. */
static void what_is_shown_of_a_member_is_what_it_was_listed_with_last(void **state)
{
    struct channel_presence *presence = channel_presence_new();
    struct channel_presence_member *member;
    struct buffer info = {0};
    uint32_t number;
    bool is_first;
    bool is_info_new;

    (void)state;
    assert_true(channel_presence_list(presence, BYTES("1"), BYTES("{\"name\":\"far\"}")));
    member = channel_presence_join(presence, BYTES("1"), BYTES("{\"name\":\"near\"}"), &is_first,
                                   &number);
    assert_true(is_first);
    assert_shown(presence, "far");
    channel_presence_user_info(member, &info);
    assert_text(buffer_bytes(&info), "{\"name\":\"near\"}");
    assert_false(channel_presence_list(presence, BYTES("1"), BYTES("{\"name\":\"near\"}")));
    assert_shown(presence, "near");
    assert_false(channel_presence_list(presence, BYTES("1"), BYTES("{\"name\":\"farther\"}")));
    assert_true(channel_presence_leave(presence, member, number, &is_info_new));
    assert_false(is_info_new);
    assert_shown(presence, "farther");
    buffer_deinit(&info);
    channel_presence_free(presence);
}

static void a_snapshot_is_made_once_for_all_who_ask_between_changes(void **state)
{
    struct channel_presence *presence = channel_presence_new();
    bool is_first;
    struct bytes snapshot;

    (void)state;
    channel_presence_join(presence, BYTES("1"), BYTES("{}"), &is_first, &(uint32_t){0});
    channel_presence_list(presence, BYTES("1"), BYTES("{}"));
    snapshot = channel_presence_snapshot(presence);
    assert_ptr_equal(channel_presence_snapshot(presence).data, snapshot.data);
    channel_presence_join(presence, BYTES("1"), BYTES("{}"), &is_first, &(uint32_t){0});
    assert_int_equal(channel_presence_snapshot(presence).len, snapshot.len);
    channel_presence_free(presence);
}

static void thousands_of_members_are_one_snapshot(void **state)
{
    struct channel_presence *presence = channel_presence_new();
    json_t *root;

    (void)state;
    for (int i = 0; i < 5000; i++) {
        char id[16];
        bool is_first;

        snprintf(id, sizeof id, "u%d", i);
        channel_presence_join(presence, bytes_of(id), BYTES("{\"a\":\"b\"}"), &is_first,
                              &(uint32_t){0});
        assert_true(is_first);
        channel_presence_list(presence, bytes_of(id), BYTES("{}"));
    }
    root = snapshot_of(presence);
    assert_int_equal(json_object_size(json_object_get(root, "hash")), 5000);
    json_decref(root);
    channel_presence_free(presence);
}

/* As in a cluster: shown and here are two things. */
static void a_member_may_be_shown_without_a_connection_here(void **state)
{
    struct channel_presence *presence = channel_presence_new();
    struct channel_presence_member *member;
    struct buffer info = {0};
    bool is_first;

    (void)state;
    assert_true(channel_presence_list(presence, BYTES("far"), BYTES("{\"a\":\"\\\"\"}")));
    assert_false(channel_presence_list(presence, BYTES("far"), BYTES("{}")));
    channel_presence_user_info(channel_presence_at(presence, 0), &info);
    assert_text(buffer_bytes(&info), "{\"a\":\"\\\"\"}");
    buffer_deinit(&info);

    member = channel_presence_join(presence, BYTES("near"), BYTES("{}"), &is_first, &(uint32_t){0});
    assert_true(is_first);
    assert_false(channel_presence_is_listed(presence, BYTES("near")));
    assert_int_equal(channel_presence_count(presence), 1);
    assert_true(channel_presence_list(presence, BYTES("near"), BYTES("{}")));
    assert_true(channel_presence_leave(presence, member, 0, &(bool){0}));
    assert_true(channel_presence_is_listed(presence, BYTES("near")));
    assert_true(channel_presence_unlist(presence, BYTES("near")));
    assert_false(channel_presence_unlist(presence, BYTES("near")));
    assert_true(channel_presence_unlist(presence, BYTES("far")));
    assert_int_equal(channel_presence_count(presence), 0);
    channel_presence_free(presence);
}

static void a_round_outdates_who_was_not_shown_in_it(void **state)
{
    struct channel_presence *presence = channel_presence_new();
    const struct channel_presence_member *stale;
    size_t outdated_count = 0;
    size_t index;
    bool is_first;

    (void)state;
    channel_presence_join(presence, BYTES("here"), BYTES("{}"), &is_first, &(uint32_t){0});
    channel_presence_list(presence, BYTES("gone 1"), BYTES("{}"));
    channel_presence_list(presence, BYTES("here"), BYTES("{}"));
    channel_presence_list(presence, BYTES("gone 2"), BYTES("{}"));
    channel_presence_list(presence, BYTES("gone 3"), BYTES("{}"));
    channel_presence_list(presence, BYTES("stays"), BYTES("{}"));
    channel_presence_begin_generation(presence);
    channel_presence_list(presence, BYTES("stays"), BYTES("{}"));
    index = channel_presence_count(presence);
    while ((stale = channel_presence_next_stale(presence, &index)) != NULL) {
        const struct bytes user_id = channel_presence_user_id(stale);

        assert_true(bytes_starts_with(user_id, BYTES("gone ")));
        assert_true(channel_presence_unlist(presence, user_id));
        outdated_count++;
    }
    assert_int_equal(outdated_count, 3);
    assert_int_equal(channel_presence_count(presence), 2);
    channel_presence_free(presence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_snapshot_shows_who_is_there_whoever_comes_and_goes),
        cmocka_unit_test(the_first_connection_says_what_is_shown_of_a_member),
        cmocka_unit_test(what_is_shown_of_a_member_is_of_a_connection_that_is_there),
        cmocka_unit_test(what_is_shown_of_a_member_is_what_it_was_listed_with_last),
        cmocka_unit_test(a_snapshot_is_made_once_for_all_who_ask_between_changes),
        cmocka_unit_test(thousands_of_members_are_one_snapshot),
        cmocka_unit_test(a_member_may_be_shown_without_a_connection_here),
        cmocka_unit_test(a_round_outdates_who_was_not_shown_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
