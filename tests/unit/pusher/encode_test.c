#include "pusher/encode.h"

#include "support/oracle.h"
#include "support/unit.h"

/* A message as a client reads it: JSON, whose `data` is JSON in a string, or of an error an object.
 */
struct read {
    json_t *root;
    json_t *data; /* NULL where there is none */
};

static struct read read_message(struct buffer *out)
{
    struct read message = {0};
    json_t *data;

    assert_int_equal(oracle_text(buffer_bytes(out), &message.root), ORACLE_ACCEPTED);
    data = json_object_get(message.root, "data");
    if (unit_has(oracle_member(message.root, "event"), BYTES("error"))) {
        assert_true(json_is_object(data));
        message.data = json_incref(data);
    } else if (data != NULL) {
        assert_true(json_is_string(data));
        assert_int_equal(oracle_text(oracle_string(data), &message.data), ORACLE_ACCEPTED);
    }
    buffer_deinit(out);
    return message;
}

static void read_deinit(struct read *message)
{
    json_decref(message->root);
    json_decref(message->data);
}

static void assert_event(const struct read *message, const char *event, size_t members_count)
{
    assert_bytes_equal(oracle_member(message->root, "event"), bytes_of(event));
    assert_int_equal(json_object_size(message->root), members_count);
}

static double number_of(const json_t *object, const char *key)
{
    assert_true(json_is_number(json_object_get(object, key)));
    return json_number_value(json_object_get(object, key));
}

/* Everything a name may hold that JSON must not show as it is. */
#define ODD "a\"b\\c\n\t\x01/\xc3\xa4\xf0\x9f\x98\x80"

static void a_connection_is_told_its_socket_id_and_timeout(void **state)
{
    struct buffer out = {0};
    struct read message;

    (void)state;
    pusher_encode_connection_established(&out, BYTES("123.456"), 30);
    message = read_message(&out);
    assert_event(&message, "pusher:connection_established", 2);
    assert_text(oracle_member(message.data, "socket_id"), "123.456");
    assert_int_equal(number_of(message.data, "activity_timeout"), 30);
    assert_int_equal(json_object_size(message.data), 2);
    read_deinit(&message);
}

static void every_error_has_its_code_and_its_text(void **state)
{
    static const struct {
        enum pusher_error error;
        unsigned code;
        const char *text;
    } errors[] = {
        {PUSHER_ERROR_NO_APP, 4001, "Application does not exist"},
        {PUSHER_ERROR_OVER_QUOTA, 4004, "Application is over connection quota"},
        {PUSHER_ERROR_ORIGIN, 4009, "Origin not allowed"},
        {PUSHER_ERROR_UNAUTHORIZED, 4009, "Connection is unauthorized"},
        {PUSHER_ERROR_NOT_A_MEMBER, 4009, "The client is not a member of the specified channel."},
        {PUSHER_ERROR_TERMINATED, 4009, "Connection terminated by the application"},
        {PUSHER_ERROR_OVER_CAPACITY, 4100, NULL},
        {PUSHER_ERROR_INVALID_MESSAGE, 4200, "Invalid message format"},
        {PUSHER_ERROR_INVALID_NAME, 4200, NULL},
        {PUSHER_ERROR_STALE, 4201, "Pong reply not received in time"},
        {PUSHER_ERROR_CLIENT_EVENTS_OFF, 4301, "The app does not have client messaging enabled."},
        {PUSHER_ERROR_CLIENT_EVENTS_PUBLIC, 4301, NULL},
        {PUSHER_ERROR_RATE_LIMIT, 4301, "Rate limit exceeded"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        struct buffer out = {0};
        struct read message;

        pusher_encode_error(&out, errors[i].error);
        message = read_message(&out);
        assert_event(&message, "pusher:error", 2);
        assert_int_equal(number_of(message.data, "code"), errors[i].code);
        assert_true(oracle_member(message.data, "message").len > 0);
        if (errors[i].text != NULL)
            assert_bytes_equal(oracle_member(message.data, "message"), bytes_of(errors[i].text));
        read_deinit(&message);
    }
}

static void pings_and_pongs_have_no_data(void **state)
{
    struct buffer out = {0};

    (void)state;
    pusher_encode_ping(&out);
    assert_text(buffer_bytes(&out), "{\"event\":\"pusher:ping\"}");
    buffer_clear(&out);
    pusher_encode_pong(&out);
    assert_text(buffer_bytes(&out), "{\"event\":\"pusher:pong\"}");
    buffer_deinit(&out);
}

static void a_subscription_succeeds_with_who_is_there_or_nothing(void **state)
{
    struct buffer out = {0};
    struct read message;

    (void)state;
    pusher_encode_subscription_succeeded(&out, BYTES(ODD), BYTES_NONE);
    message = read_message(&out);
    assert_event(&message, "pusher_internal:subscription_succeeded", 3);
    assert_text(oracle_member(message.root, "channel"), ODD);
    assert_text(oracle_member(message.root, "data"), "{}");
    read_deinit(&message);
    pusher_encode_subscription_succeeded(
        &out, BYTES("presence-a"),
        BYTES("{\\\"count\\\":1,\\\"ids\\\":[\\\"1\\\"],\\\"hash\\\":{\\\"1\\\":{}}}"));
    message = read_message(&out);
    assert_int_equal(number_of(json_object_get(message.data, "presence"), "count"), 1);
    read_deinit(&message);
}

static void a_refused_subscription_names_its_channel(void **state)
{
    struct buffer out = {0};
    struct read message;

    (void)state;
    pusher_encode_subscription_error(&out, BYTES(ODD), PUSHER_ERROR_UNAUTHORIZED);
    message = read_message(&out);
    assert_event(&message, "pusher:subscription_error", 3);
    assert_text(oracle_member(message.root, "channel"), ODD);
    assert_text(oracle_member(message.data, "type"), "AuthError");
    assert_text(oracle_member(message.data, "error"), "Connection is unauthorized");
    assert_int_equal(number_of(message.data, "status"), 401);
    read_deinit(&message);
}

static void a_subscription_too_many_is_no_question_of_authorisation(void **state)
{
    struct buffer out = {0};
    struct read message;

    (void)state;
    pusher_encode_subscription_error(&out, BYTES("a"), PUSHER_ERROR_TOO_MANY_SUBSCRIPTIONS);
    message = read_message(&out);
    assert_event(&message, "pusher:subscription_error", 3);
    assert_text(oracle_member(message.data, "type"), "LimitReached");
    assert_int_equal(number_of(message.data, "status"), 429);
    read_deinit(&message);
}

static void a_count_of_subscriptions_is_a_number(void **state)
{
    struct buffer out = {0};
    struct read message;

    (void)state;
    pusher_encode_subscription_count(&out, BYTES("a"), 4000000000u);
    message = read_message(&out);
    assert_event(&message, "pusher_internal:subscription_count", 3);
    assert_true(number_of(message.data, "subscription_count") == 4000000000.0);
    read_deinit(&message);
}

static void a_member_that_comes_or_goes_is_named_by_a_string(void **state)
{
    struct buffer out = {0};
    struct read message;

    (void)state;
    pusher_encode_member_added(&out, BYTES("presence-a"), BYTES(ODD),
                               BYTES("{\"name\":\"\\\"\\u00e4\\n\"}"));
    message = read_message(&out);
    assert_event(&message, "pusher_internal:member_added", 3);
    assert_text(oracle_member(message.data, "user_id"), ODD);
    assert_text(oracle_member(json_object_get(message.data, "user_info"), "name"), "\"\xc3\xa4\n");
    read_deinit(&message);
    pusher_encode_member_removed(&out, BYTES("presence-a"), BYTES(ODD));
    message = read_message(&out);
    assert_event(&message, "pusher_internal:member_removed", 3);
    assert_text(oracle_member(message.data, "user_id"), ODD);
    assert_int_equal(json_object_size(message.data), 1);
    read_deinit(&message);
}

static void a_cache_miss_has_a_channel_and_no_data(void **state)
{
    struct buffer out = {0};
    struct read message;

    (void)state;
    pusher_encode_cache_miss(&out, BYTES(ODD));
    message = read_message(&out);
    assert_event(&message, "pusher:cache_miss", 2);
    assert_text(oracle_member(message.root, "channel"), ODD);
    read_deinit(&message);
}

static void a_signin_is_answered_with_the_same_user_data(void **state)
{
    const struct bytes user_data = BYTES("{\"id\":\"1\",\"user_info\":{\"n\":\"\\\"\"}}");
    struct buffer out = {0};
    struct read message;

    (void)state;
    pusher_encode_signin_success(&out, user_data);
    message = read_message(&out);
    assert_event(&message, "pusher:signin_success", 2);
    assert_bytes_equal(oracle_member(message.data, "user_data"), user_data);
    read_deinit(&message);
}

static void a_watchlist_event_lists_its_users(void **state)
{
    const struct bytes user_ids[] = {BYTES("1"), BYTES(ODD)};
    struct buffer out = {0};
    struct read message;
    const json_t *event;
    const json_t *ids;

    (void)state;
    pusher_encode_watchlist(&out, BYTES("online"), user_ids, 2);
    message = read_message(&out);
    assert_event(&message, "pusher_internal:watchlist_events", 2);
    event = json_array_get(json_object_get(message.data, "events"), 0);
    assert_text(oracle_member(event, "name"), "online");
    ids = json_object_get(event, "user_ids");
    assert_int_equal(json_array_size(ids), 2);
    assert_text(oracle_string(json_array_get(ids, 0)), "1");
    assert_text(oracle_string(json_array_get(ids, 1)), ODD);
    read_deinit(&message);
}

static void an_event_is_passed_on_as_it_came(void **state)
{
    struct buffer out = {0};

    (void)state;
    pusher_encode_broadcast(&out, BYTES("\"e\\u0041\""), BYTES("\"c\""), BYTES("\"{}\""),
                            BYTES_NONE);
    assert_text(buffer_bytes(&out), "{\"event\":\"e\\u0041\",\"channel\":\"c\",\"data\":\"{}\"}");
    buffer_clear(&out);
    pusher_encode_broadcast(&out, BYTES("\"e\""), BYTES("\"c\""), BYTES_NONE, BYTES("u\"1"));
    assert_text(buffer_bytes(&out), "{\"event\":\"e\",\"channel\":\"c\",\"user_id\":\"u\\\"1\"}");
    buffer_clear(&out);
    pusher_encode_broadcast(&out, BYTES("\"e\""), BYTES("\"c\""), BYTES("[1, {} ]"), BYTES(""));
    assert_text(buffer_bytes(&out),
                "{\"event\":\"e\",\"channel\":\"c\",\"data\":[1, {} ],\"user_id\":\"\"}");
    buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_told_its_socket_id_and_timeout),
        cmocka_unit_test(every_error_has_its_code_and_its_text),
        cmocka_unit_test(pings_and_pongs_have_no_data),
        cmocka_unit_test(a_subscription_succeeds_with_who_is_there_or_nothing),
        cmocka_unit_test(a_refused_subscription_names_its_channel),
        cmocka_unit_test(a_subscription_too_many_is_no_question_of_authorisation),
        cmocka_unit_test(a_count_of_subscriptions_is_a_number),
        cmocka_unit_test(a_member_that_comes_or_goes_is_named_by_a_string),
        cmocka_unit_test(a_cache_miss_has_a_channel_and_no_data),
        cmocka_unit_test(a_signin_is_answered_with_the_same_user_data),
        cmocka_unit_test(a_watchlist_event_lists_its_users),
        cmocka_unit_test(an_event_is_passed_on_as_it_came),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
