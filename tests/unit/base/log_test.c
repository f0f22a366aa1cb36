#include "base/log.h"

#include "support/oracle.h"
#include "support/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What `say` writes to standard error. */
static struct buffer captured(struct log_options options, void (*say)(void))
{
    struct buffer out = {0};
    FILE *file = tmpfile();
    const int before = dup(STDERR_FILENO);
    ssize_t len;

    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
    log_init(options);
    say();
    dup2(before, STDERR_FILENO);
    close(before);
    len = pread(fileno(file), buffer_reserve(&out, 65536), 65536, 0);
    assert_true(len >= 0);
    out.len = (size_t)len;
    fclose(file);
    return out;
}

static void say_one_of_each(void)
{
    log_error("error %d", 1);
    log_warn("warn %s", "2");
    log_info("info");
    log_debug("debug");
}

static void only_what_is_important_enough_is_said(void **state)
{
    static const size_t lines[] = {1, 2, 3, 4};

    (void)state;
    for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
        struct buffer out =
            captured((struct log_options){.level = (enum log_level)level}, say_one_of_each);
        size_t count = 0;

        for (size_t i = 0; i < out.len; i++)
            count += out.data[i] == '\n';
        assert_int_equal(count, lines[level]);
        assert_holds(buffer_bytes(&out), "error error 1\n");
        buffer_deinit(&out);
    }
}

/* What the journal reads begins with a priority; what goes elsewhere does not, though the process
 * has inherited the variable. */
static void the_journal_is_given_priorities(void **state)
{
    char name[64];
    FILE *file = tmpfile();
    const int before = dup(STDERR_FILENO);
    struct stat info;
    char text[4096] = "";

    (void)state;
    dup2(fileno(file), STDERR_FILENO);
    fstat(STDERR_FILENO, &info);
    snprintf(name, sizeof name, "%llu:%llu", (unsigned long long)info.st_dev,
             (unsigned long long)info.st_ino);
    setenv("JOURNAL_STREAM", name, 1);
    log_init((struct log_options){.level = LOG_LEVEL_DEBUG});
    say_one_of_each();
    setenv("JOURNAL_STREAM", "1:1", 1);
    log_init((struct log_options){.level = LOG_LEVEL_DEBUG});
    log_error("elsewhere");
    unsetenv("JOURNAL_STREAM");
    log_init((struct log_options){.level = LOG_LEVEL_INFO});
    dup2(before, STDERR_FILENO);
    close(before);
    assert_true(pread(fileno(file), text, sizeof text - 1, 0) > 0);
    fclose(file);
    assert_int_equal(strncmp(text, "<3>2", 4), 0);
    assert_non_null(strstr(text, "\n<4>2"));
    assert_non_null(strstr(text, "\n<6>2"));
    assert_non_null(strstr(text, "\n<7>2"));
    assert_int_equal(strncmp(strchr(strstr(text, "<7>"), '\n'), "\n2", 2), 0);
}

static void say_something_odd(void)
{
    log_warn("a \"quoted\" word\nand a second line\t%s", "\xc3\xa4");
}

static void a_line_of_json_is_one_object_whatever_it_says(void **state)
{
    struct buffer out =
        captured((struct log_options){.level = LOG_LEVEL_INFO, .json = true}, say_something_odd);
    json_t *root;

    (void)state;
    assert_int_equal(oracle_text(buffer_bytes(&out), &root), ORACLE_ACCEPTED);
    assert_text(oracle_member(root, "level"), "warn");
    assert_text(oracle_member(root, "message"), "a \"quoted\" word\\nand a second line\\t\xc3\xa4");
    assert_int_equal(oracle_member(root, "time").len, sizeof "2026-01-01T00:00:00.000Z" - 1);
    assert_int_equal(out.data[out.len - 1], '\n');
    json_decref(root);
    buffer_deinit(&out);
}

static void say_what_a_stranger_sent(void)
{
    log_warn("refused: %s", "\x1b[2J\r\n2026-01-01T00:00:00.000Z error \xc2\x9b \xff");
}

static void what_a_stranger_sent_neither_forges_a_line_nor_moves_a_cursor(void **state)
{
    const bool forms[] = {false, true};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct buffer out =
            captured((struct log_options){.level = LOG_LEVEL_INFO, .json = forms[i]},
                     say_what_a_stranger_sent);

        for (size_t at = 0; at < out.len; at++)
            assert_in_range(out.data[at], at + 1 < out.len ? 0x20 : '\n', 0x7e);
        assert_holds(buffer_bytes(&out), "u001b[2J");
        buffer_deinit(&out);
    }
}

static void say_much(void)
{
    log_error("%10000s", "x");
}

static void a_long_line_is_cut(void **state)
{
    struct buffer out = captured((struct log_options){.level = LOG_LEVEL_INFO}, say_much);

    (void)state;
    assert_in_range(out.len, 1000, 2200);
    assert_int_equal(out.data[out.len - 1], '\n');
    buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_important_enough_is_said),
        cmocka_unit_test(the_journal_is_given_priorities),
        cmocka_unit_test(a_line_of_json_is_one_object_whatever_it_says),
        cmocka_unit_test(what_a_stranger_sent_neither_forges_a_line_nor_moves_a_cursor),
        cmocka_unit_test(a_long_line_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
