#include "server/backlogs.h"

#include "support/oracle.h"
#include "support/pusher_fixture.h"

#define MANY (SERVER_BACKLOGS_COUNT_MAX + 5)

static struct pusher_fixture fixture;
static struct buffer found;
static int found_count;

static void on_found(struct bytes json, void *user)
{
    assert_ptr_equal(user, &fixture);
    buffer_clear(&found);
    buffer_append_bytes(&found, json);
    found_count++;
}

static void walk(void)
{
    server_backlogs_walk(&fixture.worker, 1, &fixture.fixture.loop.mailbox, on_found, &fixture);
}

/* The clients read nothing meanwhile. */
static json_t *walked(void)
{
    const int before = found_count;
    json_t *json;

    walk();
    for (int i = 0; i < 100 && found_count == before; i++)
        fixture_turn(&fixture.fixture);
    assert_int_equal(found_count, before + 1);
    json = json_loadb(found.data, found.len, 0, NULL);
    assert_true(json_is_array(json));
    return json;
}

static void leave_waiting(const struct pusher_client *client, size_t bytes)
{
    char *text = mem_new(bytes);

    memset(text, 'x', bytes);
    pusher_session_send(pusher_fixture_session(&fixture, client), (struct bytes){text, bytes});
    free(text);
    for (int i = 0; i < 3; i++)
        fixture_turn(&fixture.fixture);
}

static uint64_t id_at(json_t *json, size_t index)
{
    return pusher_socket_id_parse(oracle_member(json_array_get(json, index), "socket_id"));
}

static json_int_t bytes_at(json_t *json, size_t index)
{
    return json_integer_value(json_object_get(json_array_get(json, index), "backlog_bytes"));
}

#define WALK_TEST(name) PUSHER_FIXTURE_TEST(name, &fixture)

static void who_takes_all_is_not_among_them(void **state)
{
    const struct pusher_client *client = pusher_fixture_client(&fixture);
    json_t *json;

    (void)state;
    pusher_session_send(pusher_fixture_session(&fixture, client), BYTES("{}")); /* in this turn */
    json = walked();
    assert_int_equal(json_array_size(json), 0);
    json_decref(json);
}

static void the_largest_backlog_is_the_first_and_says_whose_it_is(void **state)
{
    const struct pusher_client *less = pusher_fixture_client(&fixture);
    struct pusher_client *more = pusher_fixture_client(&fixture);
    json_t *json;

    (void)state;
    pusher_fixture_subscribe(&fixture, more, "private-a", NULL);
    leave_waiting(less, 500000);
    leave_waiting(more, 800000);
    json = walked();
    assert_int_equal(json_array_size(json), 2);
    assert_true(id_at(json, 0) == more->socket_id && id_at(json, 1) == less->socket_id);
    assert_true(bytes_at(json, 0) > bytes_at(json, 1) && bytes_at(json, 1) > 0);
    assert_text(oracle_member(json_array_get(json, 0), "app"), "3");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(json, 0), "channels_count")),
                     1);
    json_decref(json);
}

static void of_many_those_with_the_most_are_kept(void **state)
{
    const struct pusher_client *clients[MANY];
    json_t *json;

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        clients[i] = pusher_fixture_client(&fixture);
    for (size_t i = 0; i < MANY; i++)
        leave_waiting(clients[i], 400000 + i * 1000);
    json = walked();
    assert_int_equal(json_array_size(json), SERVER_BACKLOGS_COUNT_MAX);
    assert_true(id_at(json, 0) == clients[MANY - 1]->socket_id);
    for (size_t i = 1; i < SERVER_BACKLOGS_COUNT_MAX; i++)
        assert_true(bytes_at(json, i - 1) >= bytes_at(json, i));
    assert_true(bytes_at(json, SERVER_BACKLOGS_COUNT_MAX - 1) > 0);
    json_decref(json);
}

static void a_walk_that_the_workers_end_interrupts_is_answered(void **state)
{
    const int before = found_count;

    (void)state;
    pusher_fixture_client(&fixture);
    walk();
    net_mailbox_drain(&fixture.fixture.loop.mailbox);
    assert_int_equal(found_count, before); /* it has not looked yet */
    net_slices_close(&fixture.worker.slices);
    net_mailbox_drain(&fixture.fixture.loop.mailbox);
    assert_int_equal(found_count, before + 1);
    assert_text(buffer_bytes(&found), "[]");
}

static int forget_found(void **state)
{
    (void)state;
    buffer_deinit(&found);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WALK_TEST(who_takes_all_is_not_among_them),
        WALK_TEST(the_largest_backlog_is_the_first_and_says_whose_it_is),
        WALK_TEST(of_many_those_with_the_most_are_kept),
        WALK_TEST(a_walk_that_the_workers_end_interrupts_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, forget_found);
}
