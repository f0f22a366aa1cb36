#include "config/laravel.h"

#include "config/php.h"
#include "config/process.h"
#include "unit/config/folder.h"

#include <time.h>

#define IDENTITY                                                         \
    "'app_id' => env('REVERB_APP_ID'), 'key' => env('REVERB_APP_KEY'), " \
    "'secret' => env('REVERB_APP_SECRET')"

/* A Laravel folder: its artisan, a .env, and config/reverb.php that returns `array`. */
static void write_laravel(const char *array)
{
    struct buffer file = {0};

    folder_write("artisan", "#!/usr/bin/env php\n");
    folder_write(".env", "REVERB_APP_ID=1\nREVERB_APP_KEY=k\nREVERB_APP_SECRET='s \"q\" ${X}'\n");
    buffer_printf(&file, "<?php\n\nreturn %s;\n", array);
    folder_write("config/reverb.php", buffer_text(&file));
    buffer_deinit(&file);
}

static void skip_without_php(void)
{
    char *php = config_process_find("php");

    if (php == NULL)
        skip();
    free(php);
}

static void php_evaluates_the_file_with_the_values_of_env(void **state)
{
    const struct config *config;

    skip_without_php();
    write_laravel("['servers' => ['reverb' => ['port' => env('MY_PORT', 8080), 'host' => "
                  "env('MY_HOST', fn () => 'lazy')]], 'apps' => ['apps' => [[" IDENTITY ", "
                  "'options' => ['useTLS' => env('REVERB_SCHEME', 'https') === 'https']]]]]");
    setenv("MY_PORT", "9000", 1);
    config = folder_load(*state);
    assert_int_equal(config->port, 9000);
    assert_string_equal(config->host, "lazy");
    assert_string_equal(config->apps[0].id, "1");
    assert_string_equal(config->apps[0].secret, "s \"q\" ${X}");
    assert_int_equal(config->apps[0].accept_client_events_from, CONFIG_CLIENT_EVENTS_ALL);
}

static void an_app_of_an_older_published_file_takes_the_defaults_of_its_time(void **state)
{
    skip_without_php();
    write_laravel("['apps' => ['apps' => [[" IDENTITY "]]]]");
    assert_int_equal(folder_load(*state)->apps[0].accept_client_events_from,
                     CONFIG_CLIENT_EVENTS_ALL);
}

static void the_process_environment_beats_env_in_php_too(void **state)
{
    skip_without_php();
    write_laravel("['apps' => ['apps' => [[" IDENTITY "]]]]");
    setenv("REVERB_APP_KEY", "outer", 1);
    assert_string_equal(folder_load(*state)->apps[0].key, "outer");
}

static void words_mean_in_php_what_laravel_says(void **state)
{
    skip_without_php();
    write_laravel("(env('A') === true && env('B') === false && env('C') === '' && env('D', 1) "
                  "=== null && env('E') === 'x y' && env('NOT_THERE', 5) === 5) ? ['servers' => "
                  "['reverb' => ['port' => 77]]] : []");
    setenv("A", "(true)", 1);
    setenv("B", "FALSE", 1);
    setenv("C", "empty", 1);
    setenv("D", "null", 1);
    setenv("E", "'x y'", 1);
    assert_int_equal(folder_load(*state)->port, 77);
}

static void several_apps_come_out_of_php(void **state)
{
    skip_without_php();
    write_laravel("['apps' => ['provider' => 'config', 'apps' => array_filter([null, [" IDENTITY
                  "], ['app_id' => 2, 'key' => 'k2', 'secret' => 's2', 'allowed_origins' => "
                  "['a.test']]])]]");
    assert_int_equal(folder_load(*state)->apps_count, 2);
    assert_string_equal(folder_load(*state)->apps[1].id, "2");
}

static void paths_and_other_files_are_within_reach(void **state)
{
    struct folder *folder = *state;

    skip_without_php();
    folder_write("storage/certs/a.pem", "c");
    folder_write("config/database.php", "<?php return ['redis' => ['default' => ['host' => 'r', "
                                        "'options' => ['prefix' => 'x']]]];");
    write_laravel("['servers' => ['reverb' => ['options' => ['tls' => ['local_cert' => "
                  "storage_path('certs/a.pem')]], 'scaling' => ['server' => "
                  "config('database.redis.default'), 'channel' => config('app.name', 'c')]]], "
                  "'apps' => ['apps' => [[" IDENTITY "]]]]");
    assert_true(folder_load(folder)->tls.enabled);
    assert_has(folder->config->tls.local_cert, "/storage/certs/a.pem");
}

static void the_autoloader_is_used_where_there_is_one(void **state)
{
    skip_without_php();
    write_laravel("['servers' => ['reverb' => ['port' => from_vendor()]]]");
    folder_write("vendor/autoload.php", "<?php function from_vendor() { return 78; }");
    assert_int_equal(folder_load(*state)->port, 78);
}

static void what_the_file_prints_does_no_harm(void **state)
{
    skip_without_php();
    folder_write("artisan", "");
    folder_set_app();
    folder_write("config/reverb.php", "hello <?php echo 'x'; trigger_error('careful'); "
                                      "fwrite(STDERR, 'y'); return ['servers' => ['reverb' => "
                                      "['port' => 79]]];");
    assert_int_equal(folder_load(*state)->port, 79);
}

static void a_mistake_in_php_is_one_clear_line(void **state)
{
    skip_without_php();
    write_laravel("[nothing_of_that_name()]");
    assert_has(folder_fail(*state), "config/reverb.php: PHP cannot evaluate it: Call to undefined "
                                    "function nothing_of_that_name() in ");
    write_laravel("[");
    assert_has(folder_fail(*state), "config/reverb.php: PHP cannot evaluate it: ");
    write_laravel("5");
    assert_has(folder_fail(*state), "it returns no array");
    write_laravel("exit(0)");
    assert_has(folder_fail(*state), "the file ended PHP by exit() or die() instead of returning");
    write_laravel("[\"\\xff\"]");
    assert_has(folder_fail(*state), "Malformed UTF-8");
}

/* As by `reverb:start`: the application may have keys of its own. */
static void an_unknown_key_of_the_php_file_is_a_warning(void **state)
{
    struct folder *folder = *state;

    skip_without_php();
    folder_set_app();
    write_laravel("['servers' => ['reverb' => ['hots' => 1]], 'apps' => ['apps' => [[" IDENTITY
                  "]]]]");
    assert_non_null(folder_load(folder));
    assert_has(buffer_text(&folder->warnings),
               "servers.reverb.hots in config/reverb.php is not a setting; did you mean host?");
}

static void an_app_without_its_variable_says_which_to_set(void **state)
{
    skip_without_php();
    write_laravel("['apps' => ['apps' => [[" IDENTITY "]]]]");
    folder_write(".env", "REVERB_APP_ID=1\nREVERB_APP_KEY=k\n");
    assert_has(folder_fail(*state), "the app 1 has no secret; give one or set REVERB_APP_SECRET");
}

static void php_that_takes_too_long_is_ended(void **state)
{
    struct folder *folder = *state;
    struct buffer json = {0};
    struct config_env env = {0};
    char *php = config_process_find("php");

    if (php == NULL)
        skip();
    write_laravel("sleep(100)");
    assert_false(config_php_evaluate(php, "config/reverb.php", &env, 1000, &json, &folder->error));
    assert_string_equal(buffer_text(&folder->error), "config/reverb.php: PHP took longer than 1 s");
    buffer_deinit(&json);
    free(php);
}

static void without_php_the_environment_counts_and_a_warning_says_so(void **state)
{
    struct folder *folder = *state;
    char *path = bytes_copy(bytes_of(getenv("PATH")));

    write_laravel("['servers' => ['reverb' => ['port' => 1]]]");
    setenv("PATH", folder->path, 1);
    assert_int_equal(folder_load(folder)->port, 8080);
    assert_string_equal(folder->config->apps[0].id, "1");
    assert_has(buffer_text(&folder->warnings), "config/reverb.php is not read: there is no php");
    setenv("PATH", path, 1);
    free(path);
}

static void without_the_file_the_environment_counts(void **state)
{
    struct folder *folder = *state;

    write_laravel("[]");
    unlink("config/reverb.php");
    assert_string_equal(folder_load(folder)->apps[0].id, "1");
    assert_int_equal(folder->warnings.len, 0);
}

static void without_artisan_the_php_file_is_not_looked_at(void **state)
{
    write_laravel("broken(");
    unlink("artisan");
    assert_string_equal(folder_load(*state)->apps[0].id, "1");
}

static void a_file_that_is_named_comes_before_the_php_file(void **state)
{
    struct folder *folder = *state;

    write_laravel("broken(");
    folder_write_config(folder, "{\"servers\": {\"reverb\": {\"port\": 5}}}");
    assert_int_equal(folder_load(folder)->port, 5);
}

static void the_environment_of_the_application_has_a_file_of_its_own(void **state)
{
    write_laravel("[]");
    unlink("config/reverb.php");
    folder_write(".env.staging", "REVERB_APP_ID=2\nREVERB_APP_KEY=k\nREVERB_APP_SECRET=s\n");
    assert_string_equal(folder_load(*state)->apps[0].id, "1");
    setenv("APP_ENV", "staging", 1);
    assert_string_equal(folder_load(*state)->apps[0].id, "2");
    setenv("APP_ENV", "production", 1);
    assert_string_equal(folder_load(*state)->apps[0].id, "1");
}

static void a_folder_called_env_is_no_file(void **state)
{
    folder_set_app();
    assert_int_equal(mkdir(".env", 0700), 0);
    assert_string_equal(folder_load(*state)->apps[0].id, "1001");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(php_evaluates_the_file_with_the_values_of_env),
        FOLDER_TEST(an_app_of_an_older_published_file_takes_the_defaults_of_its_time),
        FOLDER_TEST(the_process_environment_beats_env_in_php_too),
        FOLDER_TEST(words_mean_in_php_what_laravel_says),
        FOLDER_TEST(several_apps_come_out_of_php),
        FOLDER_TEST(paths_and_other_files_are_within_reach),
        FOLDER_TEST(the_autoloader_is_used_where_there_is_one),
        FOLDER_TEST(what_the_file_prints_does_no_harm),
        FOLDER_TEST(a_mistake_in_php_is_one_clear_line),
        FOLDER_TEST(an_unknown_key_of_the_php_file_is_a_warning),
        FOLDER_TEST(an_app_without_its_variable_says_which_to_set),
        FOLDER_TEST(php_that_takes_too_long_is_ended),
        FOLDER_TEST(without_php_the_environment_counts_and_a_warning_says_so),
        FOLDER_TEST(without_the_file_the_environment_counts),
        FOLDER_TEST(without_artisan_the_php_file_is_not_looked_at),
        FOLDER_TEST(a_file_that_is_named_comes_before_the_php_file),
        FOLDER_TEST(the_environment_of_the_application_has_a_file_of_its_own),
        FOLDER_TEST(a_folder_called_env_is_no_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
