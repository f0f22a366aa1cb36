#include "server/banner.h"

#include "base/log.h"
#include "support/app.h"
#include "support/command.h"

static struct config config;
static struct net_io io = {.name = "io_uring"};

static int print(int argc, char **argv)
{
    const struct net_descriptors descriptors = {.limit = 1024, .websockets_max = 900};

    (void)argc;
    (void)argv;
    log_init((struct log_options){.level = LOG_LEVEL_INFO, .json = config.log_json});
    server_banner_print(&config, 8080, &descriptors, &io);
    return 0;
}

static const char *banner_of(struct config settings)
{
    config = settings;
    command_run(&command, print, COMMAND_WORDS("banner"));
    return buffer_text(&command.out);
}

static void it_names_the_address_and_where_each_app_is_reached(void **state)
{
    struct config_app app = app_of_documentation();

    (void)state;
    app.key = (char[]){"a/b"};
    assert_string_equal(banner_of((struct config){.host = (char[]){"0.0.0.0"},
                                                  .path = (char[]){"/ws"},
                                                  .hostname = (char[]){"a.example"},
                                                  .apps = &app,
                                                  .apps_count = 1,
                                                  .workers = 1}),
                        "Starting server on 0.0.0.0:8080/ws (a.example).\n"
                        "  app 3\n"
                        "    browsers connect to  ws://a.example:8080/ws/app/a%2Fb\n"
                        "    publishers post to   http://a.example:8080/apps/3/events\n"
                        "  1 worker, 900 connections at most (1024 open files)\n"
                        "  sockets are served by io_uring\n");
}

static void why_there_is_no_io_uring_is_said(void **state)
{
    const char *text;

    (void)state;
    io = (struct net_io){.name = "epoll", .reason = "the kernel has none"};
    text = banner_of((struct config){.host = (char[]){"::1"}, .path = (char[]){""}});
    assert_non_null(strstr(text, "  sockets are served by epoll, as io_uring is not available: the "
                                 "kernel has none\n"));
    io.reason = NULL; /* it was not wanted */
    text = banner_of((struct config){.host = (char[]){"::1"}, .path = (char[]){""}});
    assert_non_null(strstr(text, "  sockets are served by epoll\n"));
    io.name = "io_uring";
}

static void many_apps_are_counted_and_none_is_told_of(void **state)
{
    struct config_app apps[7];
    const char *text;

    (void)state;
    for (size_t i = 0; i < 7; i++)
        apps[i] = app_of_documentation();
    text = banner_of((struct config){.host = (char[]){"::1"},
                                     .path = (char[]){""},
                                     .tls.enabled = true,
                                     .apps = apps,
                                     .apps_count = 7,
                                     .workers = 4});
    assert_non_null(strstr(text, "Starting secure server on [::1]:8080.\n"));
    assert_non_null(strstr(text, "  and 2 more apps\n  4 workers, "));
    assert_non_null(strstr(text, "wss://[::1]:8080/app/"));
    text = banner_of((struct config){.host = (char[]){"::1"}, .path = (char[]){""}});
    assert_non_null(strstr(text, "  no app is configured: nobody can connect\n"));
}

static void a_log_of_json_has_it_and_standard_output_nothing(void **state)
{
    (void)state;
    assert_string_equal(
        banner_of((struct config){.host = (char[]){"::1"}, .path = (char[]){""}, .log_json = true}),
        "");
    assert_holds(buffer_bytes(&command.err), "\"Starting server on [::1]:8080.\"");
    assert_holds(buffer_bytes(&command.err), "\"no app is configured: nobody can connect\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_names_the_address_and_where_each_app_is_reached),
        cmocka_unit_test(why_there_is_no_io_uring_is_said),
        cmocka_unit_test(many_apps_are_counted_and_none_is_told_of),
        cmocka_unit_test(a_log_of_json_has_it_and_standard_output_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, command_release);
}
