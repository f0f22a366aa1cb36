#include "server/commands.h"

#include "base/check.h"
#include "support/unit.h"

#include <unistd.h>

/* More than a command may have. */
#define TOO_LONG ((size_t)17 * 1024 * 1024)

static int ends[2];
static uv_loop_t loop;
static struct server_commands *commands;
static struct buffer obeyed;

static void on_config(const char *text, void *user)
{
    assert_ptr_equal(user, &loop);
    buffer_printf(&obeyed, "config %s;", text);
}

static void on_message(uint64_t socket_id, struct bytes message, void *user)
{
    assert_ptr_equal(user, &loop);
    buffer_printf(&obeyed, "%s %u.%u", message.data != NULL ? "send" : "disconnect",
                  (unsigned)(socket_id >> 32), (unsigned)socket_id);
    if (message.data != NULL)
        buffer_printf(&obeyed, " %.*s", BYTES_ARGS(message));
    buffer_append_char(&obeyed, ';');
}

static void on_await(void *user)
{
    assert_ptr_equal(user, &loop);
    buffer_append_text(&obeyed, "await;");
}

static void on_refuse(const char *reason, void *user)
{
    assert_ptr_equal(user, &loop);
    buffer_printf(&obeyed, "refuse %s;", reason);
}

static void on_gone(void *user)
{
    assert_ptr_equal(user, &loop);
    buffer_append_text(&obeyed, "gone;");
}

static const struct server_commands_events events = {
    .on_config = on_config,
    .on_message = on_message,
    .on_await = on_await,
    .on_refuse = on_refuse,
    .on_gone = on_gone,
};

static int open_commands(void **state)
{
    struct buffer error = {0};
    char descriptor[16];

    (void)state;
    CHECK(pipe(ends) == 0);
    CHECK(uv_loop_init(&loop) == 0);
    snprintf(descriptor, sizeof descriptor, "%d", ends[0]);
    commands = server_commands_open(&loop, descriptor, &events, &loop, &error);
    if (commands == NULL)
        fail_msg("%s", buffer_text(&error));
    return 0;
}

static void close_handle(uv_handle_t *handle, void *user)
{
    (void)user;
    uv_close(handle, NULL); /* the pipe's end that is read is its own */
}

static int close_commands(void **state)
{
    (void)state;
    uv_walk(&loop, close_handle, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    server_commands_free(commands);
    buffer_deinit(&obeyed);
    if (ends[1] >= 0)
        close(ends[1]);
    return uv_loop_close(&loop);
}

#define COMMANDS_TEST(name) cmocka_unit_test_setup_teardown(name, open_commands, close_commands)

static void say(struct bytes text)
{
    CHECK(write(ends[1], text.data, text.len) == (ssize_t)text.len);
    uv_run(&loop, UV_RUN_NOWAIT);
}

static void each_command_is_obeyed(void **state)
{
    (void)state;
    say(BYTES("{\"command\":\"config\",\"config\":{\"apps\":{}}}\n"
              "{\"command\":\"send\",\"socket_id\":\"12.34\",\"message\":\"\xc3\xa9\\n\"}\n"
              "{\"command\":\"send\",\"socket_id\":\"12.34\",\"message\":\"\"}\n"
              "{\"command\":\"disconnect\",\"socket_id\":\"5.6\"}\n"
              "{\"command\":\"await\"}\n"
              "{\"command\":\"refuse\",\"reason\":\"no\"}\n"));
    assert_text(
        buffer_bytes(&obeyed),
        "config {\"apps\": {}};send 12.34 \xc3\xa9\n;send 12.34 ;disconnect 5.6;await;refuse no;");
}

static void a_command_may_come_in_pieces(void **state)
{
    const struct bytes line = BYTES("{\"command\":\"disconnect\",\"socket_id\":\"5.6\"}\n");

    (void)state;
    for (size_t at = 1; at < line.len; at++) {
        buffer_clear(&obeyed);
        say((struct bytes){line.data, at});
        assert_text(buffer_bytes(&obeyed), "");
        say((struct bytes){line.data + at, line.len - at});
        assert_text(buffer_bytes(&obeyed), "disconnect 5.6;");
    }
}

static void what_is_no_command_is_left_out(void **state)
{
    static const char *const lines[] = {
        "",
        "no JSON",
        "[]",
        "{\"command\":7}",
        "{\"command\":\"dance\"}",
        "{\"command\":\"config\"}",
        "{\"command\":\"send\",\"socket_id\":\"1.2\"}",
        "{\"command\":\"send\",\"socket_id\":\"here\",\"message\":\"m\"}",
        "{\"command\":\"send\",\"message\":\"m\"}",
        "{\"command\":\"disconnect\"}",
        "{\"command\":\"disconnect\",\"socket_id\":1.2}",
        "{\"command\":\"disconnect\",\"socket_id\":\"1.4294967296\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        say(bytes_of(lines[i]));
        say(BYTES("\n"));
    }
    assert_text(buffer_bytes(&obeyed), "");
    say(BYTES("{\"command\":\"disconnect\",\"socket_id\":\"5.6\"}\n"));
    assert_text(buffer_bytes(&obeyed), "disconnect 5.6;");
}

static void whoever_gave_commands_may_go(void **state)
{
    (void)state;
    say(BYTES("{\"command\":\"disconnect\",\"socket_id\":\"5.6\"}\n{\"command\":\"discon"));
    close(ends[1]);
    ends[1] = -1;
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_text(buffer_bytes(&obeyed), "disconnect 5.6;gone;");
}

static void a_command_without_end_is_not_kept(void **state)
{
    char piece[4096];

    (void)state;
    memset(piece, 'x', sizeof piece);
    for (size_t len = 0; len < TOO_LONG && uv_loop_alive(&loop); len += sizeof piece)
        say((struct bytes){piece, sizeof piece});
    assert_false(uv_loop_alive(&loop)); /* nothing more is read */
    assert_text(buffer_bytes(&obeyed), "");
}

static void a_descriptor_that_is_not_open_is_an_error(void **state)
{
    static const char *const descriptors[] = {"9999", "", "-1", "stdin", "4294967296"};
    struct buffer error = {0};

    (void)state;
    for (size_t i = 0; i < sizeof descriptors / sizeof *descriptors; i++) {
        buffer_clear(&error);
        assert_null(server_commands_open(&loop, descriptors[i], &events, &loop, &error));
        assert_holds(buffer_bytes(&error), "is no open descriptor");
    }
    buffer_deinit(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        COMMANDS_TEST(each_command_is_obeyed),
        COMMANDS_TEST(a_command_may_come_in_pieces),
        COMMANDS_TEST(what_is_no_command_is_left_out),
        COMMANDS_TEST(whoever_gave_commands_may_go),
        COMMANDS_TEST(a_command_without_end_is_not_kept),
        COMMANDS_TEST(a_descriptor_that_is_not_open_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
