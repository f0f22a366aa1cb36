#include "config/env.h"

#include "unit/config/folder.h"

static void assert_env(const char *text, const char *name, const char *value)
{
    struct config_env env = {0};
    struct buffer error = {0};
    const char *found;

    if (!config_env_parse(&env, bytes_of(text), ".env", &error))
        fail_msg("%s", buffer_text(&error));
    found = config_env_find(&env, name);
    if (value == NULL)
        assert_null(found);
    else
        assert_string_equal(found ? found : "(none)", value);
    config_env_deinit(&env);
    buffer_deinit(&error);
}

static void assert_env_error(const char *text, const char *part)
{
    struct config_env env = {0};
    struct buffer error = {0};

    assert_false(config_env_parse(&env, bytes_of(text), ".env", &error));
    assert_has(buffer_text(&error), part);
    config_env_deinit(&env);
    buffer_deinit(&error);
}

static void a_plain_value_ends_with_its_line(void **state)
{
    (void)state;
    assert_env("A=b\nC=d", "A", "b");
    assert_env("A=b\nC=d", "C", "d");
    assert_env("A=b\r\nC=d\r\n", "A", "b");
    assert_env("A=b\rC=d\r", "C", "d");
}

static void spaces_around_name_and_value_do_not_count(void **state)
{
    (void)state;
    assert_env("  A =  b  ", "A", "b");
    assert_env("\tA\t=\t\"b\"\t", "A", "b");
}

static void an_absent_value_is_empty_and_an_absent_name_is_none(void **state)
{
    (void)state;
    assert_env("A=", "A", "");
    assert_env("A=\"\"", "A", "");
    assert_env("A=''", "A", "");
    assert_env("A=b", "B", NULL);
    assert_env("", "A", NULL);
}

static void comments_and_empty_lines_are_skipped(void **state)
{
    (void)state;
    assert_env("# A=x\n\n   \n  # more\nA=b", "A", "b");
    assert_env("A=b # said about it", "A", "b");
    assert_env("A=b#c", "A", "b");
    assert_env("A=#c", "A", "");
    assert_env("A=\"b\" # c", "A", "b");
    assert_env("A=\"b#c\"", "A", "b#c");
    assert_env("A='b#c'", "A", "b#c");
}

static void a_comment_with_a_quote_begins_nothing(void **state)
{
    (void)state;
    assert_env("# X=\"open\nA=b", "A", "b");
    assert_env("A=b # X=\"open\nC=d", "C", "d");
}

static void export_before_a_name_is_dropped(void **state)
{
    (void)state;
    assert_env("export A=b", "A", "b");
    assert_env("export\tA=b", "A", "b");
    assert_env("exported=b", "exported", "b");
}

static void a_name_may_be_quoted(void **state)
{
    (void)state;
    assert_env("\"A\"=b", "A", "b");
    assert_env("'A.B'=b", "A.B", "b");
}

static void double_quotes_keep_spaces_and_know_escapes(void **state)
{
    (void)state;
    assert_env("A=\"b c\"", "A", "b c");
    assert_env("A=\"b\\nc\\td\\\\e\\\"f\\$g\\rh\\vi\\fj\"", "A", "b\nc\td\\e\"f$g\rh\vi\fj");
}

static void single_quotes_keep_everything(void **state)
{
    (void)state;
    assert_env("A='b\\n$c ${D} \"e\"'", "A", "b\\n$c ${D} \"e\"");
}

static void quotes_inside_a_plain_value_are_letters(void **state)
{
    (void)state;
    assert_env("A=it's\\n", "A", "it's\\n");
}

static void a_double_quoted_value_may_have_several_lines(void **state)
{
    (void)state;
    assert_env("A=\"b\nc\n\nd\"\nE=f", "A", "b\nc\n\nd");
    assert_env("A=\"b\nc\n\nd\"\nE=f", "E", "f");
    assert_env("A=\"b\r\nc\"\r\n", "A", "b\nc");
    assert_env("A=\"b\n\"\nE=f", "A", "b\n");
    assert_env("A=\"b\\\"\nc\" # end\nE=f", "A", "b\"\nc");
}

static void a_key_in_pem_form_is_one_value(void **state)
{
    (void)state;
    assert_env("KEY=\"-----BEGIN KEY-----\nMIIB==\n-----END KEY-----\"\nA=b", "KEY",
               "-----BEGIN KEY-----\nMIIB==\n-----END KEY-----");
}

static void earlier_values_fill_in_later_ones(void **state)
{
    (void)state;
    assert_env("A=x\nB=${A}", "B", "x");
    assert_env("A=x\nB=\"<${A}|${A}>\"", "B", "<x|x>");
    assert_env("A=x\nB='${A}'", "B", "${A}");
    assert_env("A=x\nB=\"\\${A}\"", "B", "${A}");
    assert_env("A=x\nB=$A", "B", "$A");
    assert_env("A_B=x\nB=B\nC=${A_${B}}", "C", "x");
}

static void an_unknown_variable_stays_as_it_stands(void **state)
{
    (void)state;
    assert_env("B=${NOBODY}", "B", "${NOBODY}");
    assert_env("B=\"a ${ b\"", "B", "a ${ b");
    assert_env("B=${LATER}\nLATER=x", "B", "${LATER}");
}

static void the_process_environment_fills_in_first(void **state)
{
    (void)state;
    setenv("A", "outer", 1);
    assert_env("A=inner\nB=${A}", "B", "outer");
}

static void of_a_name_given_twice_the_later_counts(void **state)
{
    (void)state;
    assert_env("A=b\nA=c", "A", "c");
    assert_env("A=b\nA", "A", NULL);
}

static void a_byte_order_mark_is_dropped(void **state)
{
    (void)state;
    assert_env("\xEF\xBB\xBF"
               "A=b",
               "A", "b");
}

static void errors_name_the_line_and_not_what_stands_there(void **state)
{
    (void)state;
    assert_env_error("A=b\n\nC=d e", ".env, line 3: C: ");
    assert_env_error("=b", "line 1: no name");
    assert_env_error("A B=c", "line 1: no NAME=value");
    assert_env_error("A=\"b\nc", "line 1: A: its closing quote is missing");
    assert_env_error("X=1\nA='b", "line 2: A: its closing quote is missing");
    assert_env_error("A=\"b\\q\"", "line 1: A: it has an escape");
    assert_env_error("A=\"b\"c", "A: more follows");
}

static void a_secret_never_stands_in_an_error(void **state)
{
    static const char *const broken[] = {"A=s3cr3t s3cr3t", "s3cr3t s3cr3t", "A=\"s3cr3t",
                                         "A='s3cr3t", "A=\"s3cr3t\\q\""};

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct config_env env = {0};
        struct buffer error = {0};

        assert_false(config_env_parse(&env, bytes_of(broken[i]), ".env", &error));
        assert_lacks(buffer_text(&error), "s3cr3t");
        config_env_deinit(&env);
        buffer_deinit(&error);
    }
}

static void a_file_with_a_nul_byte_is_refused(void **state)
{
    struct config_env env = {0};
    struct buffer error = {0};

    (void)state;
    assert_false(config_env_parse(&env, BYTES("A=b\0c\n"), ".env", &error));
    assert_has(buffer_text(&error), "NUL");
    config_env_deinit(&env);
    buffer_deinit(&error);
}

static void values_that_grow_without_end_are_refused(void **state)
{
    struct buffer text = {0};

    (void)state;
    buffer_append_text(&text, "A0=xxxxxxxxxxxxxxxx\n");
    for (int i = 1; i < 30; i++)
        buffer_printf(&text, "A%d=${A%d}${A%d}\n", i, i - 1, i - 1);
    assert_env_error(buffer_text(&text), "64 KiB");
    buffer_deinit(&text);
}

static void every_prefix_of_a_file_is_read_or_refused(void **state)
{
    static const char text[] = "\xEF\xBB\xBF# c\r\nexport A=\"b\nc\\\"\\\\ ${X} $\" # d\r'N'='e'\n"
                               "F=${A}${A}\\ #\nG\n\"H\"=\"\"\n\n=";

    (void)state;
    for (size_t start = 0; start < sizeof text; start++) {
        for (size_t len = 0; start + len < sizeof text; len++) {
            struct config_env env = {0};
            struct buffer error = {0};
            char *exact = mem_copy_text(text + start, len);
            bool ok = config_env_parse(&env, (struct bytes){exact, len}, ".env", &error);

            assert_true(ok == (error.len == 0));
            config_env_deinit(&env);
            buffer_deinit(&error);
            free(exact);
        }
    }
}

static void assert_meaning(const char *text, const char *meaning)
{
    struct bytes found = config_env_meaning(text);

    if (meaning == NULL)
        assert_null(found.data);
    else
        assert_true(bytes_equal(found, bytes_of(meaning)) && found.data != NULL);
}

static void words_mean_what_laravel_says_they_mean(void **state)
{
    (void)state;
    assert_meaning("true", "true");
    assert_meaning("(TRUE)", "true");
    assert_meaning("(false)", "false");
    assert_meaning("null", NULL);
    assert_meaning("(Null)", NULL);
    assert_meaning("empty", "");
    assert_meaning("(empty)", "");
    assert_meaning("'quoted'", "quoted");
    assert_meaning("\"quoted\"", "quoted");
    assert_meaning("other", "other");
    assert_meaning("", "");
    assert_meaning(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(a_plain_value_ends_with_its_line),
        FOLDER_TEST(spaces_around_name_and_value_do_not_count),
        FOLDER_TEST(an_absent_value_is_empty_and_an_absent_name_is_none),
        FOLDER_TEST(comments_and_empty_lines_are_skipped),
        FOLDER_TEST(a_comment_with_a_quote_begins_nothing),
        FOLDER_TEST(export_before_a_name_is_dropped),
        FOLDER_TEST(a_name_may_be_quoted),
        FOLDER_TEST(double_quotes_keep_spaces_and_know_escapes),
        FOLDER_TEST(single_quotes_keep_everything),
        FOLDER_TEST(quotes_inside_a_plain_value_are_letters),
        FOLDER_TEST(a_double_quoted_value_may_have_several_lines),
        FOLDER_TEST(a_key_in_pem_form_is_one_value),
        FOLDER_TEST(earlier_values_fill_in_later_ones),
        FOLDER_TEST(an_unknown_variable_stays_as_it_stands),
        FOLDER_TEST(the_process_environment_fills_in_first),
        FOLDER_TEST(of_a_name_given_twice_the_later_counts),
        FOLDER_TEST(a_byte_order_mark_is_dropped),
        FOLDER_TEST(errors_name_the_line_and_not_what_stands_there),
        FOLDER_TEST(a_secret_never_stands_in_an_error),
        FOLDER_TEST(a_file_with_a_nul_byte_is_refused),
        FOLDER_TEST(values_that_grow_without_end_are_refused),
        FOLDER_TEST(every_prefix_of_a_file_is_read_or_refused),
        FOLDER_TEST(words_mean_what_laravel_says_they_mean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
