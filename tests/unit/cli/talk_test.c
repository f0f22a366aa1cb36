#include "cli/talk.h"

#include "support/command.h"
#include "support/scripted.h"
#include "unit/config/folder.h"

static struct scripted server;

/* The command's words, then the server that answers so to its one connection. */
#define RUN(run, answer, ...) run_with(run, answer, COMMAND_WORDS("command", __VA_ARGS__))

static void run_with(command_fn run, const char *answer, const char *const *words)
{
    char url[64];
    const char *all[12];
    size_t count = 0;

    server = (struct scripted){.answers = {answer}};
    scripted_open(&server);
    snprintf(url, sizeof url, "--url=ws://127.0.0.1:%u", server.port);
    while (words[count] != NULL) {
        all[count] = words[count];
        count++;
    }
    all[count++] = url;
    all[count++] = "--app-id=1001";
    all[count++] = "--key=the-key";
    all[count++] = "--secret=the-secret";
    all[count] = NULL;
    command_run(&command, run, all);
    pthread_join(server.thread, NULL);
}

static void publish_posts_a_signed_event_and_prints_the_answer(void **state)
{
    (void)state;
    RUN(cli_talk_publish, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "news", "came",
        "{\"n\":1}");
    assert_int_equal(command.status, 0);
    assert_string_equal(buffer_text(&command.out), "{}\n");
    assert_has(buffer_text(&server.heard), "POST /apps/1001/events?");
    assert_has(buffer_text(&server.heard), "auth_key=the-key");
    assert_has(buffer_text(&server.heard), "auth_signature=");
    assert_has(buffer_text(&server.heard), "\"news\"");
    assert_has(buffer_text(&server.heard), "\"{\\\"n\\\":1}\"");
    assert_lacks(buffer_text(&server.heard), "the-secret");
    buffer_deinit(&server.heard);
}

static void an_event_that_is_refused_is_an_error(void **state)
{
    (void)state;
    RUN(cli_talk_publish, "HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge", "a", "b",
        "{}");
    assert_int_equal(command.status, 1);
    assert_string_equal(buffer_text(&command.err), "reverb: the server answered 413 large\n");
    buffer_deinit(&server.heard);
    RUN(cli_talk_publish, "HTTP/1.1 200", "a", "b", "{}");
    assert_int_equal(command.status, 1);
    assert_string_equal(buffer_text(&command.err), "reverb: the server gave no answer\n");
    buffer_deinit(&server.heard);
}

static void listen_asks_for_a_websocket_and_says_why_there_is_none(void **state)
{
    (void)state;
    RUN(cli_talk_listen, "HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\nno app", "news");
    assert_int_equal(command.status, 1);
    assert_int_equal(command.out.len, 0);
    assert_string_equal(buffer_text(&command.err),
                        "reverb: the server answered 404 no app to the handshake\n");
    assert_has(buffer_text(&server.heard), "GET /app/the-key");
    assert_has(buffer_text(&server.heard), "Upgrade: websocket\r\n");
    buffer_deinit(&server.heard);
    RUN(cli_talk_listen, "", "news");
    assert_int_equal(command.status, 1);
    assert_string_equal(buffer_text(&command.err), "reverb: the server closed the connection\n");
    buffer_deinit(&server.heard);
}

static void words_that_are_missing_are_asked_for(void **state)
{
    (void)state;
    command_run(&command, cli_talk_listen, COMMAND_WORDS("listen", "--insecure"));
    assert_int_equal(command.status, 1);
    assert_string_equal(buffer_text(&command.err), "reverb: usage: reverb listen CHANNEL\n");
    command_run(&command, cli_talk_publish, COMMAND_WORDS("publish", "a", "b"));
    assert_int_equal(command.status, 1);
    assert_string_equal(buffer_text(&command.err),
                        "reverb: usage: reverb publish CHANNEL EVENT JSON\n");
}

static void where_nobody_listens_it_says_so(void **state)
{
    (void)state;
    folder_set_app();
    command_run(&command, cli_talk_publish,
                COMMAND_WORDS("publish", "a", "b", "{}", "--url=ws://127.0.0.1:1"));
    assert_int_equal(command.status, 1);
    assert_has(buffer_text(&command.err), "127.0.0.1:1");
    command_run(&command, cli_talk_listen, COMMAND_WORDS("listen", "a", "--url=ws://127.0.0.1:1"));
    assert_int_equal(command.status, 1);
    assert_has(buffer_text(&command.err), "127.0.0.1:1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(publish_posts_a_signed_event_and_prints_the_answer),
        FOLDER_TEST(an_event_that_is_refused_is_an_error),
        FOLDER_TEST(listen_asks_for_a_websocket_and_says_why_there_is_none),
        FOLDER_TEST(words_that_are_missing_are_asked_for),
        FOLDER_TEST(where_nobody_listens_it_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, command_release);
}
