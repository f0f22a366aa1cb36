#include "pusher/conversation.h"

#include "pusher/publish.h"
#include "pusher/terminate.h"
#include "support/pusher_fixture.h"

static struct pusher_fixture fixture;

/* A sign-in whose watchlist are the users 0 to count - 1. */
static void sign_in_watching(struct pusher_client *client, size_t count)
{
    struct buffer user = {0};

    buffer_append_text(&user, "{\\\"id\\\":\\\"anna\\\",\\\"watchlist\\\":[0");
    for (size_t i = 1; i < count; i++)
        buffer_printf(&user, ",%zu", i);
    buffer_append_text(&user, "]}");
    pusher_fixture_sign_in(&fixture, client, buffer_text(&user));
    buffer_deinit(&user);
}

static void a_long_watchlist_is_taken_up_piece_by_piece(void **state)
{
    struct pusher_client *anna = pusher_fixture_client(&fixture);

    (void)state;
    fixture.settings.max_message_size_bytes = 100000;
    sign_in_watching(anna, 450);
    FIXTURE_UNTIL(&fixture.fixture, channel_registry_count(fixture.app->watchers) == 450);
    sign_in_watching(anna, 2);
    assert_int_equal(channel_registry_count(fixture.app->watchers), 2);
}

static void a_session_that_ends_drops_the_rest_of_its_watchlist(void **state)
{
    struct pusher_client *anna = pusher_fixture_client(&fixture);

    (void)state;
    sign_in_watching(anna, 900);
    shutdown(anna->fd, SHUT_RDWR);
    FIXTURE_UNTIL(&fixture.fixture, fixture.worker.sessions_count == 0);
    assert_int_equal(channel_registry_count(fixture.app->watchers), 0);
    assert_true(list_is_empty(&fixture.worker.slices.waiting));
}

static void users_beyond_the_limit_are_not_watched(void **state)
{
    struct pusher_client *anna = pusher_fixture_client(&fixture);

    (void)state;
    fixture.settings.max_watched = 3;
    sign_in_watching(anna, 3);
    assert_heard_holds(&fixture, anna, "signin_success");
    sign_in_watching(anna, 4);
    assert_heard_holds(&fixture, anna, "Too many watched users");
    assert_int_equal(channel_registry_count(fixture.app->watchers), 3);
}

#define SINGLE_TEST(name) PUSHER_FIXTURE_TEST(name, &fixture)

#define REFUSED                                                                             \
    "text:{\"event\":\"pusher:error\",\"data\":{\"code\":4009,\"message\":\"Connection is " \
    "unauthorized\"}};"
#define INVALID                                                                               \
    "text:{\"event\":\"pusher:error\",\"data\":{\"code\":4200,\"message\":\"Invalid message " \
    "format\"}};"
#define SUCCEEDED(channel)                                                              \
    "text:{\"event\":\"pusher_internal:subscription_succeeded\",\"channel\":\"" channel \
    "\",\"data\":\"{}\"};"

static void publish(const char *channel, const char *text, uint64_t except)
{
    struct ws_message *event = ws_message_new(bytes_of(text));
    struct pusher_publish_target target = pusher_publish_target_of(fixture.app, bytes_of(channel));

    pusher_publish(&fixture.worker, &target, event, except);
    pusher_publish_target_release(&target);
    ws_message_unref(event);
    pusher_fixture_turn(&fixture);
}

static bool is_wanted(const char *channel)
{
    struct pusher_publish_target target = pusher_publish_target_of(fixture.app, bytes_of(channel));
    const bool result = pusher_publish_is_wanted(&fixture.worker, &target);

    pusher_publish_target_release(&target);
    return result;
}

/* --- the beginning and the end -------------------------------------------------------------- */

static void an_unknown_key_is_told_4001_and_closed_with_it(void **state)
{
    (void)state;
    assert_heard(
        &fixture, pusher_fixture_connect(&fixture, "nobodys", "https://a.test"),
        "text:{\"event\":\"pusher:error\",\"data\":{\"code\":4001,\"message\":\"Application does "
        "not exist\"}};close:4001:Application does not exist;");
}

static void another_origin_is_told_4009_and_closed_with_it(void **state)
{
    char *allowed[] = {(char[]){"a.test"}};

    (void)state;
    fixture.settings.allowed_origins = allowed;
    pusher_fixture_client(&fixture);
    assert_heard_holds(&fixture,
                       pusher_fixture_connect(&fixture, fixture.settings.key, "https://b.test"),
                       "close:4009:Origin not allowed;");
}

static void one_connection_too_many_is_told_4004_until_one_has_gone(void **state)
{
    struct pusher_client *first;

    (void)state;
    fixture.settings.max_connections = 1;
    first = pusher_fixture_client(&fixture);
    assert_heard_holds(&fixture,
                       pusher_fixture_connect(&fixture, fixture.settings.key, "https://a.test"),
                       "close:4004:Application is over connection quota;");
    shutdown(first->fd, SHUT_RDWR);
    pusher_fixture_turn(&fixture);
    pusher_fixture_client(&fixture);
}

static void what_is_no_handshake_is_answered_by_http(void **state)
{
    struct pusher_client *client = &fixture.clients[fixture.clients_count++];

    (void)state;
    assert_non_null(http_conn_open(
        &fixture.fixture.loop, fixture_pair(&fixture.fixture, &client->fd), NULL, &fixture.http));
    fixture_send(client->fd, BYTES("GET /app/x HTTP/1.1\r\nHost: x\r\n\r\n"));
    pusher_fixture_turn(&fixture);
    assert_true(bytes_starts_with(buffer_bytes(&client->sent), BYTES("HTTP/1.1 4")));
    assert_int_equal(fixture.worker.sessions_count, 0);
}

static void without_open_files_it_is_told_4100(void **state)
{
    (void)state;
    fixture.fixture.descriptors.websockets_max = 0;
    assert_heard_holds(&fixture,
                       pusher_fixture_connect(&fixture, fixture.settings.key, "https://a.test"),
                       "close:4100:Over capacity;");
}

static void an_end_of_the_server_closes_as_many_as_are_due(void **state)
{
    struct pusher_client *first = pusher_fixture_client(&fixture);
    struct pusher_client *second = pusher_fixture_client(&fixture);

    (void)state;
    assert_int_equal(pusher_session_end_some(&fixture.worker, 1, 4200, 0), 1);
    pusher_fixture_turn(&fixture);
    assert_heard(&fixture, first, "close:4200:Server is restarting;");
    assert_heard(&fixture, second, "");
    assert_true(pusher_session_evict(&fixture.worker));
    assert_false(pusher_session_evict(&fixture.worker));
    pusher_session_close_all(&fixture.worker);
    pusher_fixture_turn(&fixture);
    assert_true(second->is_ended);
}

static void note_done(void *user)
{
    *(bool *)user = true;
}

static void an_app_that_is_taken_away_closes_its_connections(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);
    bool is_done = false;

    (void)state;
    atomic_store(&fixture.app->is_removed, true);
    pusher_terminate_removed(&fixture.worker, note_done, &is_done);
    pusher_fixture_turn(&fixture);
    assert_true(is_done);
    assert_heard_holds(&fixture, client, "close:4001:Application does not exist;");
    pusher_session_close_answered(&fixture.worker);
    pusher_fixture_turn(&fixture);
    assert_true(client->is_ended);
}

static void many_connections_of_an_app_that_is_taken_away_are_closed_piece_by_piece(void **state)
{
    bool is_done = false;

    (void)state;
    for (size_t i = 0; i < 50; i++)
        pusher_fixture_client(&fixture);
    atomic_store(&fixture.app->is_removed, true);
    pusher_terminate_removed(&fixture.worker, note_done, &is_done);
    assert_false(is_done);
    assert_false(list_is_empty(&fixture.worker.sessions));
    FIXTURE_UNTIL(&fixture.fixture, is_done);
    assert_true(list_is_empty(&fixture.worker.sessions));
    pusher_fixture_turn(&fixture);
    for (size_t i = 0; i < 50; i++)
        assert_heard_holds(&fixture, &fixture.clients[i], "close:4001:Application does not exist;");
}

/* --- messages ------------------------------------------------------------------------------- */

static void a_ping_is_answered_and_a_pong_is_not(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);

    (void)state;
    pusher_fixture_say(&fixture, client, "{\"event\":\"pusher:pong\"}");
    assert_heard(&fixture, client, "");
    pusher_fixture_say(&fixture, client, "{\"event\":\"pusher:ping\"}");
    assert_heard(&fixture, client, "text:{\"event\":\"pusher:pong\"};");
}

static void what_is_not_understood_is_told_4200_and_the_connection_stays(void **state)
{
    static const char *const misunderstood[] = {
        "hello",
        "{}",
        "{\"event\":\"pusher:unknown\"}",
        "{\"event\":\"pusher:subscribe\"}",
        "{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":5}}",
        "{\"event\":\"pusher:unsubscribe\",\"data\":{}}",
        "{\"event\":\"pusher:signin\",\"data\":{\"auth\":\"x\"}}",
        "{\"event\":\"client-a\",\"data\":{}}",
    };
    struct pusher_client *client = pusher_fixture_client(&fixture);

    (void)state;
    for (size_t i = 0; i < sizeof misunderstood / sizeof misunderstood[0]; i++) {
        pusher_fixture_say(&fixture, client, misunderstood[i]);
        assert_heard(&fixture, client, INVALID);
    }
}

static void over_the_rate_limit_nothing_is_handled_and_it_may_end_with_4100(void **state)
{
    struct pusher_client *client;

    (void)state;
    fixture.settings.rate_limiting = (struct config_rate_limiting){
        .enabled = true, .max_attempts = 1, .decay_s = 60, .terminate_on_limit = true};
    client = pusher_fixture_client(&fixture);
    pusher_fixture_say(&fixture, client, "{\"event\":\"pusher:ping\"}");
    assert_heard(&fixture, client, "text:{\"event\":\"pusher:pong\"};");
    pusher_fixture_say(&fixture, client, "{\"event\":\"pusher:ping\"}");
    assert_heard(
        &fixture, client,
        "text:{\"event\":\"pusher:error\",\"data\":{\"code\":4301,\"message\":\"Rate limit "
        "exceeded\"}};close:4100:Rate limit exceeded;");
}

static void who_is_silent_is_pinged_and_then_closed_with_4201(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);

    (void)state;
    fixture_pass(&fixture.fixture, 61000);
    pusher_fixture_turn(&fixture);
    assert_heard(&fixture, client, "text:{\"event\":\"pusher:ping\"};");
    fixture_pass(&fixture.fixture, 31000);
    pusher_fixture_turn(&fixture);
    assert_heard_holds(&fixture, client, "close:4201:Pong reply not received in time;");
}

static void who_sends_control_frames_is_pinged_by_one(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);
    struct buffer frame = {0};

    (void)state;
    ws_peer_write(&frame, WS_PEER_FINAL | 0x9, BYTES("x"));
    fixture_send(client->fd, buffer_bytes(&frame));
    buffer_deinit(&frame);
    pusher_fixture_turn(&fixture);
    assert_heard(&fixture, client, "pong:x;");
    fixture_pass(&fixture.fixture, 61000);
    pusher_fixture_turn(&fixture);
    assert_heard(&fixture, client, "ping:;");
}

/* --- channels ------------------------------------------------------------------------------- */

static void a_subscription_receives_until_it_ends(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);

    (void)state;
    pusher_fixture_say(&fixture, client,
                       "{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":\"news\"}}");
    assert_heard(&fixture, client, SUCCEEDED("news"));
    pusher_fixture_say(
        &fixture, client,
        "{\"event\":\"pusher:subscribe\",\"data\":\"{\\\"channel\\\":\\\"news\\\"}\"}");
    assert_heard(&fixture, client, SUCCEEDED("news"));
    publish("news", "{\"event\":\"told\"}", 0);
    assert_heard(&fixture, client, "text:{\"event\":\"told\"};");
    publish("news", "{\"event\":\"own\"}", client->socket_id);
    assert_heard(&fixture, client, "");
    pusher_fixture_say(&fixture, client,
                       "{\"event\":\"pusher:unsubscribe\",\"data\":{\"channel\":\"news\"}}");
    publish("news", "{\"event\":\"told\"}", 0);
    assert_heard(&fixture, client, "");
}

static void a_signature_opens_its_own_channel_alone(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);

    (void)state;
    pusher_fixture_say(
        &fixture, client,
        "{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":\"private-a\",\"auth\":\"x\"}}");
    assert_heard(
        &fixture, client,
        REFUSED
        "text:{\"event\":\"pusher:subscription_error\",\"channel\":\"private-a\",\"data\":"
        "{\"type\":\"AuthError\",\"error\":\"Connection is unauthorized\",\"status\":401}};");
    pusher_fixture_subscribe(&fixture, client, "private-a", "x");
    assert_heard_holds(&fixture, client, "\"code\":4200");
    pusher_fixture_subscribe(&fixture, client, "private-a", NULL);
    assert_heard(&fixture, client, SUCCEEDED("private-a"));
}

static void names_and_counts_have_limits_where_the_app_sets_them(void **state)
{
    struct pusher_client *client;

    (void)state;
    fixture.settings.strict = true;
    fixture.settings.max_subscriptions = 1;
    client = pusher_fixture_client(&fixture);
    pusher_fixture_say(&fixture, client,
                       "{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":\"a b\"}}");
    assert_heard_holds(&fixture, client, "subscription_error");
    pusher_fixture_subscribe(&fixture, client, "a", NULL);
    assert_heard(&fixture, client, SUCCEEDED("a"));
    pusher_fixture_subscribe(&fixture, client, "b", NULL);
    assert_heard_holds(&fixture, client, "\"type\":\"LimitReached\"");
}

static void members_are_shown_come_and_go(void **state)
{
    struct pusher_client *anna = pusher_fixture_client(&fixture);
    struct pusher_client *bert = pusher_fixture_client(&fixture);

    (void)state;
    pusher_fixture_subscribe(&fixture, anna, "presence-a", "{\\\"user_id\\\":\\\"anna\\\"}");
    assert_heard_holds(&fixture, anna, "\\\"ids\\\":[\\\"anna\\\"]");
    pusher_fixture_subscribe(&fixture, bert, "presence-a",
                             "{\\\"user_id\\\":7,\\\"user_info\\\":[1]}");
    assert_heard_holds(&fixture, bert, "\\\"count\\\":2");
    assert_heard_holds(&fixture, anna, "{\\\"user_id\\\":\\\"7\\\",\\\"user_info\\\":[1]}");
    pusher_fixture_subscribe(&fixture, bert, "presence-a", "{\\\"user_id\\\":\\\"8\\\"}");
    assert_heard_holds(&fixture, bert, "subscription_error");
    pusher_fixture_subscribe(&fixture, bert, "presence-a", "{\\\"user_id\\\":\\\"7\\\"}");
    assert_heard_holds(&fixture, bert, "\\\"count\\\":2");
    shutdown(bert->fd, SHUT_RDWR);
    pusher_fixture_turn(&fixture);
    assert_heard(
        &fixture, anna,
        "text:{\"event\":\"pusher_internal:member_removed\",\"channel\":\"presence-a\",\"data\":\"{"
        "\\\"user_id\\\":\\\"7\\\"}\"};");
}

static void a_member_too_many_is_refused_and_the_channel_is_told(void **state)
{
    struct pusher_client *anna = pusher_fixture_client(&fixture);
    struct pusher_client *bert = pusher_fixture_client(&fixture);

    (void)state;
    fixture.worker.members_bytes_max = 100;
    pusher_fixture_subscribe(&fixture, anna, "presence-a",
                             "{\\\"user_id\\\":\\\"anna\\\",\\\"user_info\\\":\\\"0123456789\\\"}");
    assert_heard_holds(&fixture, anna, "subscription_succeeded");
    pusher_fixture_subscribe(&fixture, bert, "presence-a", "{\\\"user_id\\\":\\\"bert\\\"}");
    assert_heard_holds(&fixture, bert, "\"type\":\"LimitReached\"");
    assert_heard(&fixture, anna, "");
    pusher_fixture_subscribe(&fixture, bert, "presence-b", "{\\\"user_id\\\":\\\"bert\\\"}");
    assert_heard_holds(&fixture, bert, "subscription_succeeded");
}

static void data_that_names_nobody_makes_no_member_and_the_channel_is_told(void **state)
{
    static const char *const nobody[] = {"{}", "[]", "{\\\"user_id\\\":null}",
                                         "{\\\"user_id\\\":\\\"\\\"}"};
    struct pusher_client *client = pusher_fixture_client(&fixture);

    (void)state;
    for (size_t i = 0; i < sizeof nobody / sizeof nobody[0]; i++) {
        pusher_fixture_subscribe(&fixture, client, "presence-a", nobody[i]);
        assert_heard(&fixture, client,
                     INVALID
                     "text:{\"event\":\"pusher:subscription_error\",\"channel\":\"presence-a\","
                     "\"data\":{\"type\":\"AuthError\",\"error\":\"Invalid message format\","
                     "\"status\":401}};");
    }
}

static void a_cache_channel_has_its_last_event_or_says_that_there_is_none(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);

    (void)state;
    pusher_fixture_subscribe(&fixture, client, "cache-a", NULL);
    assert_heard(
        &fixture, client,
        SUCCEEDED("cache-a") "text:{\"event\":\"pusher:cache_miss\",\"channel\":\"cache-a\"};");
    publish("cache-a", "{\"event\":\"kept\"}", 0);
    assert_heard(&fixture, client, "text:{\"event\":\"kept\"};");
    assert_true(is_wanted("cache-b"));
    assert_false(is_wanted("b"));
    pusher_fixture_subscribe(&fixture, pusher_fixture_client(&fixture), "cache-a", NULL);
    assert_heard(&fixture, &fixture.clients[1], SUCCEEDED("cache-a") "text:{\"event\":\"kept\"};");
}

static void subscribers_are_told_how_many_they_are_where_the_app_wants_it(void **state)
{
    struct pusher_client *first;

    (void)state;
    fixture.settings.subscription_counts = true;
    first = pusher_fixture_client(&fixture);
    pusher_fixture_subscribe(&fixture, first, "a", NULL);
    assert_heard_holds(&fixture, first, "\\\"subscription_count\\\":1");
    pusher_fixture_subscribe(&fixture, pusher_fixture_client(&fixture), "a", NULL);
    assert_heard_holds(&fixture, first, "\\\"subscription_count\\\":2");
    shutdown(fixture.clients[1].fd, SHUT_RDWR);
    pusher_fixture_turn(&fixture);
    assert_heard_holds(&fixture, first, "\\\"subscription_count\\\":1");
}

/* --- client events -------------------------------------------------------------------------- */

static void a_client_event_goes_to_the_others_with_the_members_name(void **state)
{
    struct pusher_client *anna = pusher_fixture_client(&fixture);
    struct pusher_client *bert = pusher_fixture_client(&fixture);

    (void)state;
    pusher_fixture_subscribe(&fixture, anna, "presence-a", "{\\\"user_id\\\":\\\"anna\\\"}");
    pusher_fixture_subscribe(&fixture, bert, "presence-a", "{\\\"user_id\\\":\\\"bert\\\"}");
    pusher_fixture_heard(&fixture, anna);
    pusher_fixture_heard(&fixture, bert);
    pusher_fixture_say(&fixture, anna,
                       "{\"event\":\"client-x\",\"channel\":\"presence-a\",\"data\":{\"n\":1}}");
    assert_heard(&fixture, anna, "");
    assert_heard(
        &fixture, bert,
        "text:{\"event\":\"client-x\",\"channel\":\"presence-a\",\"data\":{\"n\":1},\"user_id\":"
        "\"anna\"};");
}

static void a_client_event_needs_a_member_a_guarded_channel_and_the_apps_leave(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);

    (void)state;
    pusher_fixture_say(&fixture, client, "{\"event\":\"client-x\",\"channel\":\"private-a\"}");
    assert_heard_holds(&fixture, client, "not a member");
    pusher_fixture_say(&fixture, client, "{\"event\":\"client-x\",\"channel\":\"a\"}");
    assert_heard_holds(&fixture, client, "only for private and presence");
    fixture.settings.accept_client_events_from = CONFIG_CLIENT_EVENTS_NONE;
    pusher_fixture_say(&fixture, client, "{\"event\":\"client-x\",\"channel\":\"private-a\"}");
    assert_heard_holds(&fixture, client, "does not have client messaging");
    fixture.settings.strict = true;
    pusher_fixture_say(
        &fixture, client,
        "{\"event\":\"client-"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
        "0123456789012345678901234567890123456789\",\"channel\":\"private-a\"}");
    assert_heard_holds(&fixture, client, "Invalid name");
}

/* --- users ---------------------------------------------------------------------------------- */

static void who_signs_in_is_reached_as_that_user(void **state)
{
    struct pusher_client *client = pusher_fixture_client(&fixture);

    (void)state;
    pusher_fixture_sign_in(&fixture, client, "{\\\"id\\\":7,\\\"user_info\\\":{\\\"n\\\":1}}");
    assert_heard_holds(&fixture, client, "{\\\\\\\"id\\\\\\\":\\\\\\\"7\\\\\\\"");
    publish("#server-to-user-7", "{\"event\":\"told\"}", 0);
    assert_heard(&fixture, client, "text:{\"event\":\"told\"};");
    pusher_fixture_say(
        &fixture, client,
        "{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":\"#server-to-user-7\"}}");
    assert_heard(&fixture, client, SUCCEEDED("#server-to-user-7"));
    pusher_fixture_say(
        &fixture, client,
        "{\"event\":\"pusher:subscribe\",\"data\":{\"channel\":\"#server-to-user-8\"}}");
    assert_heard_holds(&fixture, client, "subscription_error");
    pusher_fixture_subscribe(&fixture, client, "presence-a", NULL);
    assert_heard_holds(&fixture, client, "\\\"hash\\\":{\\\"7\\\":{\\\"n\\\":1}}");
}

static void a_sign_in_that_proves_nothing_is_closed_with_4009(void **state)
{
    static const char *const nobody[] = {"{}", "[]", "{\\\"id\\\":\\\"\\\"}", "{\\\"id\\\":null}"};

    (void)state;
    for (size_t i = 0; i < sizeof nobody / sizeof nobody[0]; i++) {
        struct pusher_client *client = pusher_fixture_client(&fixture);

        pusher_fixture_sign_in(&fixture, client, nobody[i]);
        assert_heard(&fixture, client, REFUSED "close:4009:Connection is unauthorized;");
    }
}

static void watchers_are_told_who_is_there_who_comes_and_who_goes(void **state)
{
    struct pusher_client *anna = pusher_fixture_client(&fixture);
    struct pusher_client *bert = pusher_fixture_client(&fixture);

    (void)state;
    pusher_fixture_sign_in(&fixture, bert, "{\\\"id\\\":\\\"bert\\\"}");
    pusher_fixture_sign_in(
        &fixture, anna,
        "{\\\"id\\\":\\\"anna\\\",\\\"watchlist\\\":[\\\"bert\\\",\\\"bert\\\",5,null]}");
    assert_heard_holds(&fixture, anna, "\\\"online\\\",\\\"user_ids\\\":[\\\"bert\\\"]");
    pusher_fixture_sign_in(&fixture, bert, "{\\\"id\\\":5}");
    {
        const struct bytes heard = pusher_fixture_heard(&fixture, anna);

        assert_holds(heard, "\\\"offline\\\",\\\"user_ids\\\":[\\\"bert\\\"]");
        assert_holds(heard, "\\\"online\\\",\\\"user_ids\\\":[\\\"5\\\"]");
    }
    pusher_fixture_sign_in(&fixture, bert, "{\\\"id\\\":\\\"5\\\"}");
    assert_heard(&fixture, anna, "");
    shutdown(bert->fd, SHUT_RDWR);
    pusher_fixture_turn(&fixture);
    assert_heard_holds(&fixture, anna, "\\\"offline\\\",\\\"user_ids\\\":[\\\"5\\\"]");
}

static void terminating_a_user_ends_who_signed_in_and_who_is_a_member(void **state)
{
    struct pusher_client *signed_in = pusher_fixture_client(&fixture);
    struct pusher_client *member = pusher_fixture_client(&fixture);
    struct pusher_client *other = pusher_fixture_client(&fixture);

    (void)state;
    pusher_fixture_sign_in(&fixture, signed_in, "{\\\"id\\\":\\\"7\\\"}");
    pusher_fixture_subscribe(&fixture, member, "presence-a", "{\\\"user_id\\\":7}");
    pusher_fixture_subscribe(&fixture, other, "presence-b", "{\\\"user_id\\\":77}");
    pusher_terminate_user(&fixture.worker, fixture.app, BYTES("7"));
    pusher_fixture_turn(&fixture);
    assert_heard_holds(&fixture, signed_in, "close:4009:Connection terminated by the application;");
    assert_heard_holds(&fixture, member, "close:4009:Connection terminated by the application;");
    assert_heard_holds(&fixture, other, "subscription_succeeded");
    assert_int_equal(pusher_fixture_session(&fixture, other)->state, PUSHER_SESSION_ESTABLISHED);
}

static void many_connections_of_a_user_are_closed_piece_by_piece(void **state)
{
    (void)state;
    for (size_t i = 0; i < 50; i++)
        pusher_fixture_sign_in(&fixture, pusher_fixture_client(&fixture), "{\\\"id\\\":\\\"7\\\"}");
    pusher_terminate_user(&fixture.worker, fixture.app, BYTES("7"));
    net_mailbox_drain(&fixture.worker.loop->mailbox);
    assert_true(
        list_is_empty(&fixture.worker.leaving)); /* only when the turn ends: pusher/visit.h */
    FIXTURE_UNTIL(&fixture.fixture, list_is_empty(&fixture.worker.sessions));
    pusher_fixture_turn(&fixture);
    for (size_t i = 0; i < 50; i++)
        assert_heard_holds(&fixture, &fixture.clients[i],
                           "close:4009:Connection terminated by the application;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SINGLE_TEST(an_unknown_key_is_told_4001_and_closed_with_it),
        SINGLE_TEST(another_origin_is_told_4009_and_closed_with_it),
        SINGLE_TEST(one_connection_too_many_is_told_4004_until_one_has_gone),
        SINGLE_TEST(what_is_no_handshake_is_answered_by_http),
        SINGLE_TEST(without_open_files_it_is_told_4100),
        SINGLE_TEST(an_end_of_the_server_closes_as_many_as_are_due),
        SINGLE_TEST(an_app_that_is_taken_away_closes_its_connections),
        SINGLE_TEST(many_connections_of_an_app_that_is_taken_away_are_closed_piece_by_piece),
        SINGLE_TEST(a_ping_is_answered_and_a_pong_is_not),
        SINGLE_TEST(what_is_not_understood_is_told_4200_and_the_connection_stays),
        SINGLE_TEST(over_the_rate_limit_nothing_is_handled_and_it_may_end_with_4100),
        SINGLE_TEST(who_is_silent_is_pinged_and_then_closed_with_4201),
        SINGLE_TEST(who_sends_control_frames_is_pinged_by_one),
        SINGLE_TEST(a_subscription_receives_until_it_ends),
        SINGLE_TEST(a_signature_opens_its_own_channel_alone),
        SINGLE_TEST(names_and_counts_have_limits_where_the_app_sets_them),
        SINGLE_TEST(members_are_shown_come_and_go),
        SINGLE_TEST(a_member_too_many_is_refused_and_the_channel_is_told),
        SINGLE_TEST(data_that_names_nobody_makes_no_member_and_the_channel_is_told),
        SINGLE_TEST(a_cache_channel_has_its_last_event_or_says_that_there_is_none),
        SINGLE_TEST(subscribers_are_told_how_many_they_are_where_the_app_wants_it),
        SINGLE_TEST(a_client_event_goes_to_the_others_with_the_members_name),
        SINGLE_TEST(a_client_event_needs_a_member_a_guarded_channel_and_the_apps_leave),
        SINGLE_TEST(who_signs_in_is_reached_as_that_user),
        SINGLE_TEST(a_sign_in_that_proves_nothing_is_closed_with_4009),
        SINGLE_TEST(watchers_are_told_who_is_there_who_comes_and_who_goes),
        SINGLE_TEST(a_long_watchlist_is_taken_up_piece_by_piece),
        SINGLE_TEST(a_session_that_ends_drops_the_rest_of_its_watchlist),
        SINGLE_TEST(users_beyond_the_limit_are_not_watched),
        SINGLE_TEST(terminating_a_user_ends_who_signed_in_and_who_is_a_member),
        SINGLE_TEST(many_connections_of_a_user_are_closed_piece_by_piece),
    };

    return FIXTURE_RUN_BOTH_WAYS(tests);
}
