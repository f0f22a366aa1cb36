#include "server/server.h"

#include "cli/cli.h"
#include "support/command.h"
#include "unit/config/folder.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A whole server in a process of its own, asked by the commands of the command line. It is this
 * program: with words it is `reverb`, so that a restart can start it again. */

static struct {
    char program[4096];
    struct folder *folder;
    pid_t pid;
    int out; /* what it says on standard output */
    struct buffer said;
    char url[64];
    struct command command;
} server;

#define ONE_APP "{\"app_id\": \"1\", \"key\": \"k1\", \"secret\": \"s1\"}"
/* Nobody else comes from there. */
#define PROXY "127.0.0.9"
#define ANOTHER_APP "{\"app_id\": \"2\", \"key\": \"k2\", \"secret\": \"s2\"}"

static void configure(const char *apps, const char *more)
{
    struct buffer text = {0};

    buffer_printf(&text, "{\"apps\": {\"apps\": [%s]}, \"servers\": {\"reverb\": {%s}}}", apps,
                  more);
    folder_write("reverb.json", buffer_text(&text));
    buffer_deinit(&text);
}

/* Waits until it has come. */
static void read_until(int fd, struct buffer *text, const char *part)
{
    while (strstr(buffer_text(text), part) == NULL) {
        const ssize_t len = read(fd, buffer_reserve(text, 4096), 4096);

        if (len <= 0)
            fail_msg("\"%s\" ended without \"%s\"", buffer_text(text), part);
        text->len += (size_t)len;
    }
}

static int start_server(void **state)
{
    int ends[2];
    int log;
    const char *line;

    folder_open(state);
    log = open("log", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    server.folder = *state;
    setenv("REVERB_CONTROL", server.folder->path, 1);
    setenv("REVERB_ADMIN", "unix:admin.sock", 1);
    setenv("REVERB_TRUSTED_PROXIES", PROXY, 1);
    setenv("REVERB_PROXY_PROTOCOL", "true", 1);
    configure(ONE_APP, "");
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    server.pid = command_start(cli_run,
                               COMMAND_WORDS(server.program, "start", "--config=reverb.json",
                                             "--host=127.0.0.1", "--port=0", "--workers=2"),
                               ends[1], log);
    close(log);
    close(ends[1]);
    server.out = ends[0];
    read_until(server.out, &server.said, "open files)\n");
    line = strstr(buffer_text(&server.said), "127.0.0.1:");
    assert_non_null(line);
    snprintf(server.url, sizeof server.url, "--url=ws://127.0.0.1:%lu",
             strtoul(line + strlen("127.0.0.1:"), NULL, 10));
    return 0;
}

static int stop_server(void **state)
{
    if (server.pid > 0) {
        kill(server.pid, SIGKILL);
        command_wait(server.pid);
    }
    close(server.out);
    buffer_deinit(&server.said);
    command_deinit(&server.command);
    *state = server.folder;
    return folder_close(state);
}

#define REVERB(...) command_run(&server.command, cli_run, COMMAND_WORDS("reverb", __VA_ARGS__))

static void assert_said(const char *part)
{
    assert_has(buffer_text(&server.command.out), part);
    assert_int_equal(server.command.status, 0);
}

static void it_says_where_clients_and_publishers_go(void **state)
{
    (void)state;
    assert_has(buffer_text(&server.said), "Starting server on 127.0.0.1:");
    assert_has(buffer_text(&server.said), "/app/k1\n");
    assert_has(buffer_text(&server.said), "/apps/1/events\n");
    assert_has(buffer_text(&server.said), "  2 workers, ");
    assert_lacks(buffer_text(&server.said), "s1");
}

static void it_tells_how_it_is(void **state)
{
    (void)state;
    REVERB("status");
    assert_said("state                  running\n");
    assert_said("workers                2\n");
    assert_said("app 1                  0 connections, 0 channels\n");
}

static void whoever_listens_hears_what_is_published(void **state)
{
    const char *const words[] = {"reverb",     "listen",   "presence-news", server.url,
                                 "--app-id=1", "--key=k1", "--secret=s1",   NULL};
    struct buffer heard = {0};
    struct buffer told = {0};
    int out[2];
    int err[2];
    pid_t pid;

    (void)state;
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(pipe2(err, O_CLOEXEC), 0);
    pid = command_start(cli_run, words, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    read_until(err[0], &told, "listening to presence-news\n");
    REVERB("publish", "presence-news", "came", "{\"n\":1}", server.url, "--app-id=1", "--key=k1",
           "--secret=s1");
    assert_said("{}\n");
    read_until(out[0], &heard, "\n");
    assert_has(buffer_text(&heard), "{\"event\":\"came\"");
    REVERB("status");
    assert_said("app 1                  1 connections, 1 channels\n");
    kill(pid, SIGTERM);
    assert_int_equal(command_wait(pid), 128 + SIGTERM);
    close(out[0]);
    close(err[0]);
    buffer_deinit(&heard);
    buffer_deinit(&told);
}

static void a_stranger_is_refused(void **state)
{
    (void)state;
    REVERB("publish", "news", "came", "{}", server.url, "--app-id=1", "--key=k1", "--secret=other");
    assert_int_equal(server.command.status, 1);
    assert_has(buffer_text(&server.command.err), "reverb: the server answered 401 ");
    REVERB("listen", "news", server.url, "--app-id=1", "--key=none", "--secret=x");
    assert_int_equal(server.command.status, 1);
    assert_has(buffer_text(&server.command.err), "4001");
}

/* The answer of the administration listener, until it closes; the request is the console's own. */
static void request(const char *method, const char *path, struct buffer *answer)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "admin.sock"};
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct buffer request = {0};

    buffer_clear(answer);
    buffer_printf(
        &request,
        "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Reverb-Console: 1\r\n"
        "Content-Length: 0\r\n\r\n",
        method, path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(write(fd, request.data, request.len), request.len);
    for (ssize_t len; (len = read(fd, buffer_reserve(answer, 65536), 65536)) > 0;)
        answer->len += (size_t)len;
    close(fd);
    buffer_deinit(&request);
}

static void get(const char *path, struct buffer *answer)
{
    request("GET", path, answer);
}

static void its_pages_tell_a_supervisor_how_it_is(void **state)
{
    struct buffer answer = {0};

    (void)state;
    get("/live", &answer);
    assert_has(buffer_text(&answer), "HTTP/1.1 200 OK\r\n");
    assert_has(buffer_text(&answer), "{\"live\":true}\n");
    get("/ready", &answer);
    assert_has(buffer_text(&answer), "{\"ready\":true}\n");
    get("/metrics", &answer);
    assert_has(buffer_text(&answer), "reverb_workers 2\n");
    assert_has(buffer_text(&answer), "reverb_connections{app=\"1\"} 0\n");
    buffer_deinit(&answer);
}

/* What is answered to `bytes` that come from the proxy. */
static void say_as_proxy(const char *bytes, struct buffer *answer)
{
    const unsigned long port = strtoul(strrchr(server.url, ':') + 1, NULL, 10);
    struct sockaddr_in own = {.sin_family = AF_INET};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    buffer_clear(answer);
    assert_int_equal(inet_pton(AF_INET, PROXY, &own.sin_addr), 1);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(write(fd, bytes, strlen(bytes)), strlen(bytes));
    for (ssize_t len; (len = read(fd, buffer_reserve(answer, 4096), 4096)) > 0;)
        answer->len += (size_t)len;
    close(fd);
}

static void a_proxy_names_the_client_by_its_header(void **state)
{
    struct buffer answer = {0};

    (void)state;
    say_as_proxy("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"
                 "GET /apps/none/channels HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                 &answer);
    assert_has(buffer_text(&answer), "HTTP/1.1 404 ");
    say_as_proxy("GET /up HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &answer);
    assert_int_equal(answer.len, 0);
    get("/metrics", &answer);
    assert_has(buffer_text(&answer), "reason=\"proxy\"} 1\n");
    buffer_deinit(&answer);
}

static void its_console_reads_and_steers(void **state)
{
    static const struct {
        const char *method;
        const char *path;
        const char *answer;
    } pages[] = {
        {"GET", "/busy", "{\"channels\":["},
        {"GET", "/nodes", "{\"nodes\":[]}\n"},
        {"GET", "/members?app=1&channel=presence-none", "{\"count\":0,\"members\":[]}\n"},
        {"GET", "/members?app=9&channel=presence-none", "there is no app with that id\n"},
        {"GET", "/members?app=1&channel=news", "only presence channels have members"},
        {"GET", "/tail?channel=ne*", "X-Reverb-Watcher: 1\r\n"},
        {"GET", "/tail?watcher=1", "X-Reverb-Watcher: 1\r\n"},
        {"POST", "/publish?app=1&channel=news&event=e&data=x", "The event is on its way.\n"},
        {"POST", "/publish?app=1&event=e", "the channel's name is not valid\n"},
        {"POST", "/publish?app=1&channel=news", "the event needs a name\n"},
        {"POST", "/publish?app=9&channel=news&event=e", "there is no app with that id\n"},
        {"POST", "/terminate?app=1&user=42", "The user's connections are being closed.\n"},
        {"POST", "/terminate?app=1", "which user? give an id\n"},
        {"POST", "/disconnect?socket=1.1", "The connection is being closed, if it is here.\n"},
        {"POST", "/disconnect?socket=x", "that is no socket id; they look like 1234.5678\n"},
    };
    struct buffer answer = {0};

    (void)state;
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        request(pages[i].method, pages[i].path, &answer);
        assert_has(buffer_text(&answer), pages[i].answer);
    }
    buffer_deinit(&answer);
}

static void what_it_does_right_now_is_shown(void **state)
{
    (void)state;
    REVERB("top", "--once");
    assert_said(" 2 workers, 0 connections, 0 channels, ");
    assert_said("Apps\n");
    assert_said("\n1 ");
    assert_said("everybody takes what is sent\n");
}

static void of_a_connection_that_never_was_nothing_is_known(void **state)
{
    (void)state;
    REVERB("why", "1.1");
    assert_int_equal(server.command.status, 1);
    assert_has(buffer_text(&server.command.err), "nothing is known of it");
    REVERB("why", "x");
    assert_int_equal(server.command.status, 1);
    assert_has(buffer_text(&server.command.err), "that is no socket id");
}

static void a_reload_takes_up_apps_and_says_what_needs_a_restart(void **state)
{
    (void)state;
    configure(ONE_APP ", " ANOTHER_APP, "\"path\": \"/other\"");
    REVERB("reload");
    assert_said("apps were reloaded: 2; changed, and taken up only by a restart: ");
    REVERB("publish", "news", "came", "{}", server.url, "--app-id=2", "--key=k2", "--secret=s2");
    assert_said("{}\n");
}

static void a_reload_of_a_mistake_changes_nothing(void **state)
{
    (void)state;
    configure("{\"app_id\": \"3\"}", "");
    REVERB("reload");
    assert_int_equal(server.command.status, 1);
    assert_has(buffer_text(&server.command.err),
               "reverb: apps.apps.0 in reverb.json: the app 3 has no key");
    REVERB("publish", "news", "came", "{}", server.url, "--app-id=1", "--key=k1", "--secret=s1");
    assert_said("{}\n");
}

static void a_restart_that_cannot_be_leaves_it_where_it_is(void **state)
{
    (void)state;
    configure("{\"app_id\": \"3\"}", "");
    REVERB("restart");
    assert_int_equal(server.command.status, 1);
    assert_has(buffer_text(&server.command.err),
               "reverb: apps.apps.0 in reverb.json: the app 3 has no key");
    REVERB("status");
    assert_said("state                  running\n");
}

static void a_restart_has_a_new_process_serve_on_the_same_port(void **state)
{
    char pid[64];

    (void)state;
    configure(ANOTHER_APP, "");
    snprintf(pid, sizeof pid, "pid                    %d\n", (int)server.pid);
    REVERB("status");
    assert_said(pid);
    REVERB("restart");
    assert_said("The server was restarted; a new process serves.\n");
    REVERB("status");
    assert_lacks(buffer_text(&server.command.out), pid);
    REVERB("publish", "news", "came", "{}", server.url, "--app-id=2", "--key=k2", "--secret=s2");
    assert_said("{}\n");
}

static void stop_ends_it_with_all_that_it_had(void **state)
{
    (void)state;
    REVERB("stop");
    assert_said("The server has stopped.\n");
    assert_int_equal(command_wait(server.pid), 0);
    server.pid = 0;
    read_until(server.out, &server.said, "Gracefully terminating connections.\n");
    assert_int_not_equal(access("admin.sock", F_OK), 0);
    REVERB("status", "--port=1");
    assert_int_equal(server.command.status, 1);
}

static void what_it_cannot_start_with_is_one_line(void **state)
{
    (void)state;
    configure(ONE_APP, "");
    command_run_apart(
        &server.command, cli_run,
        COMMAND_WORDS("reverb", "start", "--config=reverb.json", "--host=x.invalid", "--port=0"),
        STDERR_FILENO);
    assert_int_equal(server.command.status, 1);
    assert_has(buffer_text(&server.command.err), "reverb: host \"x.invalid\" does not resolve");
    command_run_apart(&server.command, cli_run,
                      COMMAND_WORDS("reverb", "start", "--log-format=json", "--port=x"),
                      STDERR_FILENO);
    assert_int_equal(server.command.status, 1);
    assert_has(buffer_text(&server.command.err), "\"level\":\"error\"");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_where_clients_and_publishers_go),
        cmocka_unit_test(it_tells_how_it_is),
        cmocka_unit_test(whoever_listens_hears_what_is_published),
        cmocka_unit_test(a_stranger_is_refused),
        cmocka_unit_test(its_pages_tell_a_supervisor_how_it_is),
        cmocka_unit_test(a_proxy_names_the_client_by_its_header),
        cmocka_unit_test(its_console_reads_and_steers),
        cmocka_unit_test(what_it_does_right_now_is_shown),
        cmocka_unit_test(of_a_connection_that_never_was_nothing_is_known),
        cmocka_unit_test(a_reload_takes_up_apps_and_says_what_needs_a_restart),
        cmocka_unit_test(a_reload_of_a_mistake_changes_nothing),
        cmocka_unit_test(a_restart_that_cannot_be_leaves_it_where_it_is),
        cmocka_unit_test(a_restart_has_a_new_process_serve_on_the_same_port),
        cmocka_unit_test(stop_ends_it_with_all_that_it_had),
        cmocka_unit_test(what_it_cannot_start_with_is_one_line),
    };

    if (argc > 1)
        return cli_run(argc, argv);
    if (realpath(argv[0], server.program) == NULL)
        return 1;
    alarm(60); /* nothing waits for ever */
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
