#include "pusher/authority.h"

#include "pusher/cluster_events.h"
#include "pusher/publish.h"
#include "pusher/terminate.h"
#include "support/cluster_ops_fake.h"
#include "support/pusher_fixture.h"

static struct pusher_fixture fixture;
static struct pusher_cluster_events events;

static int open_fixture(void **state)
{
    (void)state;
    cluster_ops = (struct cluster){.is_up = true};
    pusher_fixture_open_with(&fixture, app_of_documentation(), &cluster_ops, NULL);
    events = (struct pusher_cluster_events){.workers = &fixture.worker,
                                            .workers_count = 1,
                                            .fanouts = {.of_workers = fixture.fanouts},
                                            .apps = fixture.worker.apps};
    return 0;
}

static int close_fixture(void **state)
{
    (void)state;
    pusher_fixture_close(&fixture);
    pusher_cluster_events_deinit(&events);
    buffer_deinit(&cluster_ops.notes);
    return 0;
}

#define CLUSTER_TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

/* What the nodes agreed on; then the worker's mail. */
#define AGREE(event, ...)                                        \
    do {                                                         \
        pusher_cluster_events_table.event(__VA_ARGS__, &events); \
        pusher_fixture_turn(&fixture);                           \
    } while (0)

static struct cluster_key key_of(char kind, const char *name)
{
    return (struct cluster_key){kind, bytes_of(fixture.app->id), bytes_of(name)};
}

static struct cluster_key channel(const char *name)
{
    return key_of(CLUSTER_KEY_CHANNEL, name);
}

static void lose_the_link(void)
{
    cluster_ops.is_up = false;
    pusher_cluster_events_table.on_down(&events);
    pusher_fixture_turn(&fixture);
}

static void publish(const char *name, const char *text)
{
    struct ws_message *event = ws_message_new(bytes_of(text));
    struct pusher_publish_target target = pusher_publish_target_of(fixture.app, bytes_of(name));

    pusher_publish(&fixture.worker, &target, event, 0);
    pusher_publish_target_release(&target);
    ws_message_unref(event);
    pusher_fixture_turn(&fixture);
}

static bool is_wanted(const char *name)
{
    struct pusher_publish_target target = pusher_publish_target_of(fixture.app, bytes_of(name));
    const bool result = pusher_publish_is_wanted(&fixture.worker, &target);

    pusher_publish_target_release(&target);
    return result;
}

static bool is_possible(const char *name)
{
    struct pusher_publish_target target = pusher_publish_target_of(fixture.app, bytes_of(name));
    const bool result = pusher_publish_is_possible(&fixture.worker, &target);

    pusher_publish_target_release(&target);
    return result;
}

/* --- subscriptions -------------------------------------------------------------------------- */

static void a_subscription_is_answered_when_all_nodes_know_of_it(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);

    (void)state;
    assert_text(cluster_ops_notes(), "connections 3 +1;");
    pusher_fixture_subscribe(&fixture, client, "a", NULL);
    assert_text(cluster_ops_notes(), "subscriptions a +1 c 0;await a;");
    assert_heard(&fixture, client, "");
    AGREE(on_ready, channel("a"), cluster_ops.waiter);
    assert_heard_holds(&fixture, client, "subscription_succeeded");
    AGREE(on_ready, channel("a"), cluster_ops.waiter);
    assert_heard(&fixture, client, "");
}

static void an_answer_for_a_subscription_that_has_ended_meets_nobody(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);
    struct cluster_waiter former;

    (void)state;
    pusher_fixture_subscribe(&fixture, client, "a", NULL);
    former = cluster_ops.waiter;
    pusher_fixture_say(&fixture, client,
                       "{\"event\":\"pusher:unsubscribe\",\"data\":{\"channel\":\"a\"}}");
    AGREE(on_ready, channel("a"), former);
    pusher_fixture_subscribe(&fixture, client, "a", NULL);
    AGREE(on_ready, channel("a"), former);
    assert_heard(&fixture, client, "");
    AGREE(on_ready, channel("a"), cluster_ops.waiter);
    assert_heard_holds(&fixture, client, "subscription_succeeded");
}

static void what_waits_when_the_link_is_lost_is_answered_by_this_node(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);

    (void)state;
    fixture.settings.subscription_counts = true;
    pusher_fixture_subscribe(&fixture, client, "a", NULL);
    pusher_fixture_subscribe(&fixture, client, "presence-a", "{\\\"user_id\\\":\\\"7\\\"}");
    pusher_fixture_sign_in(&fixture, client, "{\\\"id\\\":\\\"7\\\"}");
    assert_heard(&fixture, client, "");
    lose_the_link();
    {
        const struct bytes heard = pusher_fixture_heard(&fixture, client);

        assert_holds(heard, "signin_success");
        assert_holds(heard, "\"channel\":\"a\",\"data\":\"{}\"");
        assert_holds(heard, "\\\"subscription_count\\\":1");
        assert_holds(heard, "\\\"ids\\\":[\\\"7\\\"]");
    }
    lose_the_link();
    assert_heard(&fixture, client, "");
}

/* Else thousands that have just reconnected would all be answered in one turn. */
static void what_waits_when_the_link_is_lost_is_answered_client_by_client(void **state)
{
    struct pusher_client *clients[] = {pusher_fixture_client(&fixture),
                                       pusher_fixture_client(&fixture)};
    struct net_slices_job *job;

    (void)state;
    for (size_t i = 0; i < 2; i++)
        pusher_fixture_subscribe(&fixture, clients[i], "a", NULL);
    cluster_ops.is_up = false;
    pusher_cluster_events_table.on_down(&events);
    net_mailbox_drain(&fixture.worker.loop->mailbox);
    job = LIST_OWNER(fixture.worker.slices.waiting.next, struct net_slices_job, link);
    assert_false(job->run(job));
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(
            pusher_session_subscription(pusher_fixture_session(&fixture, clients[i]), BYTES("a"))
                ->is_active,
            i == 0);
    pusher_fixture_turn(&fixture);
    for (size_t i = 0; i < 2; i++)
        assert_heard_holds(&fixture, clients[i], "subscription_succeeded");
}

static void where_the_link_is_back_already_all_nodes_are_asked_anew(void **state)
{
    struct pusher_client *client;

    (void)state;
    fixture.settings.max_connections = 5;
    client = pusher_fixture_connect(&fixture, fixture.settings.key, "https://a.test");
    assert_text(cluster_ops_notes(), "admit 3;");
    pusher_cluster_events_table.on_down(&events);
    pusher_fixture_turn(&fixture);
    assert_text(cluster_ops_notes(), "admit 3;");
    assert_heard(&fixture, client, "");
}

/* --- connections ---------------------------------------------------------------------------- */

static void all_nodes_say_whether_one_more_may_connect(void **state)
{
    struct pusher_client *client;

    (void)state;
    fixture.settings.max_connections = 1;
    client = pusher_fixture_connect(&fixture, fixture.settings.key, "https://a.test");
    assert_heard(&fixture, client, "");
    pusher_fixture_say(&fixture, client, "{\"event\":\"pusher:ping\"}");
    assert_heard_holds(&fixture, client, "\"code\":4200");
    AGREE(on_admitted, bytes_of(fixture.app->id), cluster_ops.waiter.socket_id, true);
    assert_heard_holds(&fixture, client, "connection_established");
    client = pusher_fixture_connect(&fixture, fixture.settings.key, "https://a.test");
    cluster_ops_notes();
    AGREE(on_admitted, bytes_of(fixture.app->id), cluster_ops.waiter.socket_id, false);
    assert_heard_holds(&fixture, client, "close:4004:");
    assert_text(cluster_ops_notes(), "");
}

static void who_was_admitted_and_has_gone_is_counted_no_longer(void **state)
{
    struct pusher_client *client;

    (void)state;
    fixture.settings.max_connections = 1;
    client = pusher_fixture_connect(&fixture, fixture.settings.key, "https://a.test");
    shutdown(client->fd, SHUT_RDWR);
    pusher_fixture_turn(&fixture);
    cluster_ops_notes();
    AGREE(on_admitted, bytes_of(fixture.app->id), cluster_ops.waiter.socket_id, true);
    assert_text(cluster_ops_notes(), "connections 3 -1;");
}

static void without_a_link_this_node_says_who_may_connect(void **state)
{
    struct pusher_client *first;
    struct pusher_client *second;

    (void)state;
    fixture.settings.max_connections = 1;
    first = pusher_fixture_connect(&fixture, fixture.settings.key, "https://a.test");
    second = pusher_fixture_connect(&fixture, fixture.settings.key, "https://a.test");
    cluster_ops_notes();
    lose_the_link();
    assert_heard_holds(&fixture, first, "close:4004:");
    assert_heard_holds(&fixture, second, "connection_established");
    assert_text(cluster_ops_notes(), "connections 3 +1;");
}

/* --- members -------------------------------------------------------------------------------- */

static void members_of_all_nodes_are_listed_and_changes_are_told(void **state)
{
    const struct cluster_member members[] = {{BYTES("7"), BYTES("{}")}, {BYTES("8"), BYTES("{}")}};
    struct pusher_client *client = pusher_fixture_client(&fixture);

    (void)state;
    cluster_ops_notes();
    pusher_fixture_subscribe(&fixture, client, "presence-a", "{\\\"user_id\\\":\\\"7\\\"}");
    assert_text(cluster_ops_notes(),
                "subscriptions presence-a +1 c 1;join presence-a 7;await presence-a;");
    AGREE(on_members, channel("presence-a"), members, 2, false);
    AGREE(on_ready, channel("presence-a"), cluster_ops.waiter);
    assert_heard_holds(&fixture, client, "\\\"ids\\\":[\\\"7\\\",\\\"8\\\"]");
    AGREE(on_member_added, channel("presence-a"),
          ((struct cluster_member){BYTES("9"), BYTES("{}")}), false);
    assert_heard_holds(&fixture, client, "member_added");
    AGREE(on_member_removed, channel("presence-a"), BYTES("9"), true);
    assert_heard_holds(&fixture, client, "member_removed");
    AGREE(on_members, channel("presence-a"), members, 1, false);
    assert_heard_holds(&fixture, client, "\\\"user_id\\\":\\\"8\\\"");
    AGREE(on_members, channel("presence-gone"), members, 1, false);
    AGREE(on_member_removed, channel("presence-gone"), BYTES("9"), true);
    AGREE(on_member_added, channel("presence-gone"), members[0], true);
    AGREE(on_member_added, channel("presence-a"), members[1], true);
    assert_heard_holds(&fixture, client, "member_added");
    pusher_fixture_say(&fixture, client,
                       "{\"event\":\"pusher:unsubscribe\",\"data\":{\"channel\":\"presence-a\"}}");
    assert_text(cluster_ops_notes(), "leave presence-a 7;subscriptions presence-a -1 c 1;");
}

/* The cluster is asked whether it is still on others: the link may come up at this moment. */
static void without_a_link_a_member_that_leaves_is_unlisted_at_once(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);
    struct pusher_client *observer = pusher_fixture_client(&fixture);

    (void)state;
    pusher_fixture_subscribe(&fixture, observer, "presence-a", "{\\\"user_id\\\":\\\"8\\\"}");
    pusher_fixture_subscribe(&fixture, client, "presence-a", "{\\\"user_id\\\":\\\"7\\\"}");
    lose_the_link();
    pusher_fixture_heard(&fixture, observer);
    cluster_ops_notes();
    pusher_fixture_say(&fixture, client,
                       "{\"event\":\"pusher:unsubscribe\",\"data\":{\"channel\":\"presence-a\"}}");
    assert_text(cluster_ops_notes(),
                "leave unlisted presence-a 7;subscriptions presence-a -1 c 1;");
    assert_heard_holds(&fixture, observer, "member_removed");
}

/* A client whose subscription to presence-a waits for the other nodes. */
static struct pusher_client *join_as(const char *user_data, struct cluster_waiter *waiter)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);

    pusher_fixture_subscribe(&fixture, client, "presence-a", user_data);
    *waiter = cluster_ops.waiter;
    assert_heard(&fixture, client, "");
    return client;
}

static void all_that_join_a_large_channel_in_a_turn_are_sent_one_snapshot(void **state)
{
    char info[20000];
    const struct cluster_member large = {BYTES("7"), {info, sizeof info}};
    const struct cluster_member members[] = {{BYTES("8"), BYTES("{}")}, {BYTES("9"), BYTES("{}")}};
    struct cluster_waiter waiters[2];
    struct pusher_client *anna = join_as("{\\\"user_id\\\":\\\"8\\\"}", &waiters[0]);
    struct pusher_client *bert = join_as("{\\\"user_id\\\":\\\"9\\\"}", &waiters[1]);
    struct bytes heard;

    (void)state;
    memset(info, '1', sizeof info);
    AGREE(on_members, channel("presence-a"), &large, 1, false);
    for (size_t i = 0; i < 2; i++) {
        pusher_cluster_events_table.on_member_added(channel("presence-a"), members[i], true,
                                                    &events);
        pusher_cluster_events_table.on_ready(channel("presence-a"), waiters[i], &events);
    }
    pusher_fixture_turn(&fixture);
    heard = pusher_fixture_heard(&fixture, anna);
    assert_holds(heard, "\\\"ids\\\":[\\\"7\\\",\\\"8\\\",\\\"9\\\"]");
    assert_null(memmem(heard.data, heard.len, "member_added", 12));
    assert_heard_holds(&fixture, bert, "\\\"ids\\\":[\\\"7\\\",\\\"8\\\",\\\"9\\\"]");
    AGREE(on_member_removed, channel("presence-a"), BYTES("7"), false);
    assert_heard_holds(&fixture, anna, "member_removed");
}

/* --- events --------------------------------------------------------------------------------- */

static void an_event_comes_by_way_of_the_cluster_while_its_link_is_up(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);
    struct ws_message *event = ws_message_new(BYTES("{\"event\":\"told\"}"));
    struct net_chunk *frame = ws_message_frame(event, WS_DEFLATE_PLAIN, NULL);

    (void)state;
    pusher_fixture_subscribe(&fixture, client, "a", NULL);
    AGREE(on_ready, channel("a"), cluster_ops.waiter);
    pusher_fixture_heard(&fixture, client);
    cluster_ops_notes();
    publish("a", "{\"event\":\"told\"}");
    assert_text(cluster_ops_notes(), "publish a;");
    assert_heard(&fixture, client, "");
    AGREE(on_event, channel("a"), 0, net_chunk_bytes(frame), 0);
    assert_heard(&fixture, client, "text:{\"event\":\"told\"};");
    AGREE(on_event, channel("nobodys"), 0, net_chunk_bytes(frame), 0);
    lose_the_link();
    atomic_store(&fixture.worker.pending_events, 0);
    publish("a", "{\"event\":\"told\"}");
    assert_text(cluster_ops_notes(), "publish a delivered;");
    assert_heard(&fixture, client, "text:{\"event\":\"told\"};");
    ws_message_unref(event);
}

/* Of one worker; a publisher that waits for its answer is answered by the cluster's thread. */
static void no_event_overtakes_what_the_cluster_has_not_taken_yet(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);

    (void)state;
    pusher_fixture_subscribe(&fixture, client, "a", NULL);
    AGREE(on_ready, channel("a"), cluster_ops.waiter);
    pusher_fixture_heard(&fixture, client);
    publish("a", "{\"event\":\"first\"}");
    lose_the_link();
    cluster_ops_notes();
    publish("a", "{\"event\":\"second\"}");
    assert_text(cluster_ops_notes(), "publish a;");
    assert_heard(&fixture, client, "");
    cluster_ops.is_stalled = true; /* it may never take them */
    publish("a", "{\"event\":\"third\"}");
    assert_text(cluster_ops_notes(), "publish a delivered;");
    assert_heard(&fixture, client, "text:{\"event\":\"third\"};");
    cluster_ops.is_stalled = false;
    atomic_store(&fixture.worker.pending_events, 0);
    publish("a", "{\"event\":\"fourth\"}");
    assert_text(cluster_ops_notes(), "publish a delivered;");
}

static void the_last_event_of_a_cache_channel_is_that_of_all_nodes(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);
    struct ws_message *event = ws_message_new(BYTES("{\"event\":\"kept\"}"));
    struct net_chunk *frame = ws_message_frame(event, WS_DEFLATE_PLAIN, NULL);

    (void)state;
    pusher_fixture_subscribe(&fixture, client, "cache-a", NULL);
    AGREE(on_cached, channel("cache-a"), net_chunk_bytes(frame), 60000);
    AGREE(on_cached, channel("nobodys"), net_chunk_bytes(frame), 60000);
    AGREE(on_ready, channel("cache-a"), cluster_ops.waiter);
    assert_heard_holds(&fixture, client, "text:{\"event\":\"kept\"};");
    AGREE(on_event, channel("cache-a"), 0, net_chunk_bytes(frame), 60000);
    assert_heard(&fixture, client, "text:{\"event\":\"kept\"};");
    AGREE(on_cached, channel("cache-a"), BYTES(""), 0);
    pusher_fixture_subscribe(&fixture, pusher_fixture_client(&fixture), "cache-a", NULL);
    AGREE(on_ready, channel("cache-a"), cluster_ops.waiter);
    assert_heard_holds(&fixture, &fixture.clients[1], "cache_miss");
    ws_message_unref(event);
}

static void a_publisher_is_told_where_no_more_can_be_taken(void **state)
{
    (void)state;
    assert_true(is_wanted("nobodys"));
    assert_true(is_possible("a"));
    cluster_ops.is_congested = true;
    assert_false(is_possible("a"));
    assert_false(pusher_cluster_events_table.is_congested(&events));
}

static void counts_are_those_of_all_nodes(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);

    (void)state;
    pusher_fixture_subscribe(&fixture, client, "a", NULL);
    AGREE(on_ready, channel("a"), cluster_ops.waiter);
    assert_heard_holds(&fixture, client, "subscription_succeeded");
    AGREE(on_count, channel("a"), 12);
    assert_heard(&fixture, client, "");
    fixture.settings.subscription_counts = true;
    pusher_apps_reload(fixture.worker.apps, &fixture.config);
    pusher_apps_forget_former(fixture.worker.apps);
    AGREE(on_count, channel("a"), 13);
    assert_heard_holds(&fixture, client, "\\\"subscription_count\\\":13");
    AGREE(on_count, channel("nobodys"), 12);
}

/* --- users ---------------------------------------------------------------------------------- */

static void a_sign_in_and_its_watchlist_are_answered_by_all_nodes(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);
    struct cluster_waiter user;

    (void)state;
    cluster_ops_notes();
    pusher_fixture_sign_in(&fixture, client, "{\\\"id\\\":\\\"7\\\"}");
    user = cluster_ops.waiter;
    assert_heard(&fixture, client, "");
    AGREE(on_ready, key_of(CLUSTER_KEY_USER, "7"), user);
    assert_heard_holds(&fixture, client, "signin_success");
    pusher_fixture_sign_in(&fixture, client,
                           "{\\\"id\\\":\\\"7\\\",\\\"watchlist\\\":[\\\"8\\\"]}");
    AGREE(on_online_answer, key_of(CLUSTER_KEY_USER, "8"), cluster_ops.waiter, false);
    assert_heard(&fixture, client, "");
    pusher_fixture_sign_in(&fixture, client,
                           "{\\\"id\\\":\\\"7\\\",\\\"watchlist\\\":[\\\"8\\\"]}");
    AGREE(on_online_answer, key_of(CLUSTER_KEY_USER, "8"), cluster_ops.waiter, true);
    assert_heard_holds(&fixture, client, "\\\"online\\\",\\\"user_ids\\\":[\\\"8\\\"]");
    AGREE(on_online, key_of(CLUSTER_KEY_WATCH, "8"), false);
    assert_heard_holds(&fixture, client, "\\\"offline\\\",\\\"user_ids\\\":[\\\"8\\\"]");
    AGREE(on_online, key_of(CLUSTER_KEY_WATCH, "9"), false);
    AGREE(on_online_answer, key_of(CLUSTER_KEY_USER, "9"), cluster_ops.waiter, true);
    assert_heard(&fixture, client, "");
}

static void whom_a_client_watches_is_asked_when_the_link_is_back_and_told_once(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);
    const struct cluster_key user = key_of(CLUSTER_KEY_USER, "8");

    (void)state;
    lose_the_link();
    pusher_fixture_sign_in(&fixture, client,
                           "{\\\"id\\\":\\\"7\\\",\\\"watchlist\\\":[\\\"8\\\"]}");
    assert_heard_holds(&fixture, client, "signin_success");
    cluster_ops.waiter = CLUSTER_WAITER_NONE;
    cluster_ops.is_up = true;
    pusher_cluster_events_table.on_up(&events);
    pusher_fixture_turn(&fixture);
    assert_int_not_equal(cluster_ops.waiter.token, 0);
    AGREE(on_online_answer, user, cluster_ops.waiter, true);
    assert_heard_holds(&fixture, client, "\\\"online\\\",\\\"user_ids\\\":[\\\"8\\\"]");
    AGREE(on_online_answer, user, cluster_ops.waiter, true);
    AGREE(on_online_answer, user, CLUSTER_WAITER_NONE, true);
    AGREE(on_online, key_of(CLUSTER_KEY_WATCH, "8"), true);
    assert_heard(&fixture, client, "");
    AGREE(on_online_answer, user, CLUSTER_WAITER_NONE, false);
    assert_heard_holds(&fixture, client, "\\\"offline\\\"");
}

static void each_node_is_told_to_terminate_a_user_this_one_too(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);

    (void)state;
    lose_the_link();
    pusher_fixture_sign_in(&fixture, client, "{\\\"id\\\":\\\"7\\\"}");
    assert_heard_holds(&fixture, client, "signin_success");
    cluster_ops_notes();
    pusher_terminate_user(&fixture.worker, fixture.app, BYTES("7"));
    pusher_fixture_turn(&fixture);
    assert_text(cluster_ops_notes(), "terminate 3 7;");
    assert_heard(&fixture, client, "");
    AGREE(on_terminate, BYTES("nobodys"), BYTES("7"));
    AGREE(on_terminate, bytes_of(fixture.app->id), BYTES("7"));
    assert_heard_holds(&fixture, client, "close:4009:");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLUSTER_TEST(a_subscription_is_answered_when_all_nodes_know_of_it),
        CLUSTER_TEST(an_answer_for_a_subscription_that_has_ended_meets_nobody),
        CLUSTER_TEST(what_waits_when_the_link_is_lost_is_answered_by_this_node),
        CLUSTER_TEST(what_waits_when_the_link_is_lost_is_answered_client_by_client),
        CLUSTER_TEST(where_the_link_is_back_already_all_nodes_are_asked_anew),
        CLUSTER_TEST(all_nodes_say_whether_one_more_may_connect),
        CLUSTER_TEST(who_was_admitted_and_has_gone_is_counted_no_longer),
        CLUSTER_TEST(without_a_link_this_node_says_who_may_connect),
        CLUSTER_TEST(members_of_all_nodes_are_listed_and_changes_are_told),
        CLUSTER_TEST(without_a_link_a_member_that_leaves_is_unlisted_at_once),
        CLUSTER_TEST(all_that_join_a_large_channel_in_a_turn_are_sent_one_snapshot),
        CLUSTER_TEST(an_event_comes_by_way_of_the_cluster_while_its_link_is_up),
        CLUSTER_TEST(no_event_overtakes_what_the_cluster_has_not_taken_yet),
        CLUSTER_TEST(the_last_event_of_a_cache_channel_is_that_of_all_nodes),
        CLUSTER_TEST(a_publisher_is_told_where_no_more_can_be_taken),
        CLUSTER_TEST(counts_are_those_of_all_nodes),
        CLUSTER_TEST(a_sign_in_and_its_watchlist_are_answered_by_all_nodes),
        CLUSTER_TEST(whom_a_client_watches_is_asked_when_the_link_is_back_and_told_once),
        CLUSTER_TEST(each_node_is_told_to_terminate_a_user_this_one_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
