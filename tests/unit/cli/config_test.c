#include "cli/config.h"

#include "unit/config/folder.h"

/* The command's exit status; what it wrote goes to `out` and `err`. */
static int run(struct folder *folder, const char *option, struct buffer *out, struct buffer *err)
{
    char *arguments[] = {(char[]){"config"}, mem_copy_text(option, strlen(option)), NULL};
    int stdout_before = dup(STDOUT_FILENO);
    int stderr_before = dup(STDERR_FILENO);
    int status;
    FILE *file;
    int c;

    (void)folder;
    fflush(stdout);
    assert_non_null(freopen("out", "w", stdout));
    assert_non_null(freopen("err", "w", stderr));
    status = cli_config(2, arguments);
    fflush(stdout);
    fflush(stderr);
    dup2(stdout_before, STDOUT_FILENO);
    dup2(stderr_before, STDERR_FILENO);
    close(stdout_before);
    close(stderr_before);
    free(arguments[1]);
    file = fopen("out", "r");
    while ((c = fgetc(file)) != EOF)
        buffer_append_char(out, (char)c);
    fclose(file);
    file = fopen("err", "r");
    while ((c = fgetc(file)) != EOF)
        buffer_append_char(err, (char)c);
    fclose(file);
    return status;
}

static void it_prints_the_table_and_exits_with_0(void **state)
{
    struct buffer out = {0};
    struct buffer err = {0};

    folder_set_app();
    assert_int_equal(run(*state, "--port=77", &out, &err), 0);
    assert_has(buffer_text(&out), "servers.reverb.port");
    assert_has(buffer_text(&out), "--port");
    assert_lacks(buffer_text(&out), "the-secret");
    assert_string_equal(buffer_text(&err), "");
    buffer_deinit(&out);
    buffer_deinit(&err);
}

static void a_check_prints_the_result_alone(void **state)
{
    struct buffer out = {0};
    struct buffer err = {0};

    folder_set_app();
    setenv("REVERB_SERVER_PORT", "0", 1);
    setenv("REVERB_SERVER_HOST", "127.0.0.1", 1);
    setenv("REVERB_ADMIN", "127.0.0.1:0", 1);
    assert_int_equal(run(*state, "--check", &out, &err), 0);
    assert_string_equal(buffer_text(&out), "A server can start with this configuration.\n");
    buffer_clear(&out);
    setenv("REVERB_SERVER_HOST", "192.0.2.1", 1);
    assert_int_equal(run(*state, "--check", &out, &err), 1);
    assert_string_equal(buffer_text(&out), "");
    assert_has(buffer_text(&err), "is no address of this machine");
    buffer_deinit(&out);
    buffer_deinit(&err);
}

static void an_error_is_one_line_on_standard_error_and_exits_with_1(void **state)
{
    struct buffer out = {0};
    struct buffer err = {0};

    folder_set_app();
    assert_int_equal(run(*state, "--port=x", &out, &err), 1);
    assert_string_equal(buffer_text(&out), "");
    assert_string_equal(buffer_text(&err),
                        "reverb: --port: \"x\" is not a number; give a port from 0 to 65535\n");
    buffer_clear(&err);
    assert_int_equal(run(*state, "--pot=x", &out, &err), 1);
    assert_has(buffer_text(&err), "reverb: --pot is not an option; did you mean --port?\n");
    buffer_deinit(&out);
    buffer_deinit(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(it_prints_the_table_and_exits_with_0),
        FOLDER_TEST(a_check_prints_the_result_alone),
        FOLDER_TEST(an_error_is_one_line_on_standard_error_and_exits_with_1),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
