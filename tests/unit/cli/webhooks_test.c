#include "cli/webhooks.h"

#include "support/command.h"
#include "support/control_peer.h"
#include "unit/config/folder.h"

#define PORT "18079"

#define ANSWER(...) CONTROL_PEER_ANSWER(PORT, __VA_ARGS__)

#define RUN(...) command_run(&command, cli_webhooks, COMMAND_WORDS("webhooks", __VA_ARGS__))

#define WORKING                                                                               \
    "{\"url\": \"https://a.test/\", \"app\": \"1\", \"state\": \"working\", \"last_ms\": 1, " \
    "\"last_status\": 204, \"reason\": \"\", \"delivered\": 7}"
#define FAILING                                                                               \
    "{\"url\": \"https://b.test/\", \"app\": \"1\", \"state\": \"failing\", \"last_ms\": 1, " \
    "\"reason\": \"it answered 500\", \"queue_events\": 3, \"age_ms\": 1500}"
#define NEW "{\"url\": \"https://c.test/\", \"app\": \"1\", \"state\": \"new\"}"

static void each_is_told_with_its_queue_and_its_last_answer(void **state)
{
    (void)state;
    ANSWER("{\"webhooks\": [" WORKING ", " FAILING ", " NEW "]}\n");
    RUN(NULL);
    control_peer_assert_asked("webhooks\n");
    assert_int_equal(command.status, 0);
    assert_has(buffer_text(&command.out), "https://a.test/ (app 1): working\n");
    assert_has(buffer_text(&command.out), "last answer     204\n");
    assert_has(buffer_text(&command.out), "delivered       7 events");
    assert_has(buffer_text(&command.out), "last answer     it answered 500\n");
    assert_has(buffer_text(&command.out), "3 events, 0 bytes, the first for 1.5 s\n");
    assert_has(buffer_text(&command.out), "last answer     none yet\n");
}

static void without_any_that_is_said_and_json_is_for_programs(void **state)
{
    (void)state;
    ANSWER("{\"webhooks\": []}\n");
    RUN(NULL);
    control_peer_assert_asked("webhooks\n");
    assert_string_equal(buffer_text(&command.out), "No app has a webhook.\n");
    ANSWER("{\"webhooks\": []}\n");
    RUN("--json");
    control_peer_assert_asked("webhooks\n");
    assert_has(buffer_text(&command.out), "\"webhooks\": []");
    ANSWER("{\"error\": \"unknown command\"}\n");
    RUN(NULL);
    control_peer_assert_asked("webhooks\n");
    assert_int_equal(command.status, 1);
}

static void the_test_says_what_was_not_delivered(void **state)
{
    (void)state;
    folder_set_app();
    RUN("test");
    assert_int_equal(command.status, 1);
    assert_has(buffer_text(&command.err), "no app has a webhook");
    setenv("REVERB_WEBHOOK_URL", "http://127.0.0.1:1/hooks", 1);
    RUN("test");
    assert_int_equal(command.status, 1);
    assert_has(buffer_text(&command.err), "http://127.0.0.1:1/hooks (app 1001): not delivered: ");
    setenv("REVERB_WEBHOOK_URL", "hooks", 1);
    RUN("test");
    assert_int_equal(command.status, 1);
    assert_has(buffer_text(&command.err), "is not a URL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(each_is_told_with_its_queue_and_its_last_answer),
        FOLDER_TEST(without_any_that_is_said_and_json_is_for_programs),
        FOLDER_TEST(the_test_says_what_was_not_delivered),
    };

    return cmocka_run_group_tests(tests, NULL, command_release);
}
