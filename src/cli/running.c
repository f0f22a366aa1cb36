#include "cli/running.h"

#include "base/printable.h"
#include "cli/find.h"
#include "server/ask.h"
#include "server/place.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POLL_MS 20
#define ANSWER_S 5
/* Time for PHP to evaluate the configuration, or for a new process to start. */
#define RESTART_ANSWER_S 70
/* Added to the time that the server announces. */
#define PATIENCE_S 5

struct request {
    struct cli_find find;
    uint16_t port_number; /* of the server */
    const char *option;   /* that only this command has; NULL: none */
    bool has_option;
};

static bool read_options(int argc, char **argv, struct request *request, struct buffer *error)
{
    const struct cli_options_spec spec[] = {
        CLI_FIND_OPTIONS(&request->find),
        {.name = request->option, .flag = &request->has_option},
    };
    const size_t count = sizeof spec / sizeof spec[0];

    return cli_options_parse(spec, request->option != NULL ? count : count - 1, argc, argv, error);
}

/* Sends the command to the server and parses its answer; NULL after one line on standard error. */
static json_t *ask(int argc, char **argv, const char *command, unsigned within_s,
                   struct request *request)
{
    struct buffer text = {0};
    json_t *answer = NULL;

    if (read_options(argc, argv, request, &text) &&
        cli_find_server(&request->find, &request->port_number, &text)) {
        buffer_clear(&text);
        if (server_ask(request->port_number, command, within_s, &text))
            answer = json_loadb(text.data, text.len, 0, NULL);
    }
    if (answer == NULL)
        cli_options_print_errors(buffer_bytes(&text));
    buffer_deinit(&text);
    return answer;
}

/* Prints why the server refused the command, if it did. */
static bool is_refused(json_t *answer)
{
    const char *error = json_string_value(json_object_get(answer, "error"));

    if (error != NULL)
        printable_print_line(stderr, "reverb: %s", error);
    return error != NULL;
}

/* --- status --------------------------------------------------------------------------------- */

static void print_row(const char *title, json_t *value)
{
    if (value == NULL)
        return;
    if (json_is_string(value))
        printable_print_line(stdout, "%-22s %s", title, json_string_value(value));
    else
        printf("%-22s %" JSON_INTEGER_FORMAT "\n", title, json_integer_value(value));
}

struct row {
    const char *key;
    const char *title;
};

static void print_rows(const struct row *rows, size_t count, json_t *values)
{
    for (size_t i = 0; i < count; i++)
        print_row(rows[i].title, json_object_get(values, rows[i].key));
}

static void print_cluster(json_t *cluster)
{
    static const struct row rows[] = {
        {"redis", "Redis"},
        {"reason", "reason"},
        {"warning", "warning"},
        {"nodes", "nodes"},
        {"events_sent", "events sent to nodes"},
        {"events_received", "events from nodes"},
        {"events_kept", "events kept for Redis"},
        {"events_dropped", "events dropped"},
        {"links_lost", "times Redis was away"},
        {"gaps", "gaps"},
    };

    if (cluster != NULL)
        print_rows(rows, sizeof rows / sizeof rows[0], cluster);
}

static void print_table(json_t *status)
{
    static const struct row rows[] = {
        {"state", "state"},
        {"version", "version"},
        {"pid", "pid"},
        {"host", "host"},
        {"port", "port"},
        {"workers", "workers"},
        {"io", "sockets are served by"},
        {"io_reason", "no io_uring, because"},
        {"uptime_s", "uptime, seconds"},
        {"connections", "connections"},
        {"channels", "channels"},
        {"messages_received", "messages received"},
        {"messages_sent", "messages sent"},
        {"events_published", "events published"},
        {"requests", "HTTP requests"},
        {"slow_readers_closed", "slow readers closed"},
        {"stale_closed", "stale clients closed"},
        {"stalled_workers", "workers that have stalled"},
        {"memory_bytes", "memory, bytes"},
    };
    json_t *app;
    size_t index;

    print_rows(rows, sizeof rows / sizeof rows[0], status);
    print_cluster(json_object_get(status, "cluster"));
    json_array_foreach(json_object_get(status, "apps"), index, app) printable_print_line(
        stdout, "app %-18s %" JSON_INTEGER_FORMAT " connections, %" JSON_INTEGER_FORMAT " channels",
        json_string_value(json_object_get(app, "id")),
        json_integer_value(json_object_get(app, "connections")),
        json_integer_value(json_object_get(app, "channels")));
}

static void print_json(json_t *status)
{
    char *text = json_dumps(status, JSON_INDENT(2));
    struct bytes rest = bytes_of(text);
    struct bytes line;

    while (bytes_next(&rest, '\n', &line)) {
        struct buffer out = {0};

        printable_append_json(&out, line);
        printf("%.*s\n", BYTES_ARGS(buffer_bytes(&out)));
        buffer_deinit(&out);
    }
    free(text);
}

int cli_running_status(int argc, char **argv)
{
    struct request request = {.option = "--json"};
    json_t *status = ask(argc, argv, "status", ANSWER_S, &request);

    if (status == NULL)
        return 1;
    if (request.has_option) {
        print_json(status);
    } else {
        print_table(status);
    }
    json_decref(status);
    return 0;
}

/* --- stop, restart, reload ------------------------------------------------------------------ */

/* A server answers until its last connection is closed. Checking the process alone is not enough: a
 * zombie still has its pid. */
static bool is_gone(uint16_t port, pid_t pid)
{
    struct buffer answer = {0};
    const bool is_there =
        (kill(pid, 0) == 0 || errno != ESRCH) && server_ask(port, "status", ANSWER_S, &answer);

    buffer_deinit(&answer);
    return !is_there;
}

static bool wait_until_gone(uint16_t port, pid_t pid, json_int_t within_s)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};

    for (json_int_t waited_ms = 0; waited_ms < within_s * 1000; waited_ms += POLL_MS) {
        if (is_gone(port, pid))
            return true;
        nanosleep(&pause, NULL);
    }
    return is_gone(port, pid);
}

/* Waits until the server has ended as announced, then prints `done`. */
static int wait_for_end(const struct request *request, json_t *answer, const char *done)
{
    const pid_t pid = (pid_t)json_integer_value(json_object_get(answer, "pid"));
    const json_int_t within_s = json_integer_value(json_object_get(answer, "ends_within_s"));

    if (wait_until_gone(request->port_number, pid, within_s + PATIENCE_S)) {
        printf("%s\n", done);
        return 0;
    }
    fprintf(stderr, "reverb: the server (pid %d) was told to end and is still there\n", (int)pid);
    return 1;
}

/* The option becomes the second word of the command that the server is sent. */
static bool is_given(int argc, char **argv, const char *option)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], option) == 0)
            return true;
    return false;
}

int cli_running_stop(int argc, char **argv)
{
    struct request request = {.option = "--now"};
    const char *command = is_given(argc, argv, "--now") ? "stop now" : "stop";
    json_t *answer = ask(argc, argv, command, ANSWER_S, &request);
    int status;

    if (answer == NULL)
        return 1;
    status = is_refused(answer) ? 1 : wait_for_end(&request, answer, "The server has stopped.");
    json_decref(answer);
    return status;
}

int cli_running_restart(int argc, char **argv)
{
    struct request request = {0};
    json_t *answer = ask(argc, argv, "restart", RESTART_ANSWER_S, &request);
    int status = 0;

    if (answer == NULL)
        return 1;
    if (is_refused(answer)) {
        status = 1;
    } else if (json_object_get(answer, "done") != NULL) {
        printf("The server was restarted; a new process serves.\n");
    } else {
        status =
            wait_for_end(&request, answer,
                         "The server has ended gracefully; its process manager starts it again.");
    }
    json_decref(answer);
    return status;
}

int cli_running_reload(int argc, char **argv)
{
    struct request request = {0};
    json_t *answer = ask(argc, argv, "reload", RESTART_ANSWER_S, &request);
    const char *done = json_string_value(json_object_get(answer, "done"));
    int status = 1;

    if (answer == NULL)
        return 1;
    if (!is_refused(answer)) {
        printable_print_line(stdout, "%s", done != NULL ? done : "The server reloads.");
        status = 0;
    }
    json_decref(answer);
    return status;
}

/* --- webhooks ------------------------------------------------------------------------------- */

static json_int_t number_of(json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void print_last(json_t *webhook)
{
    const char *reason = json_string_value(json_object_get(webhook, "reason"));
    const json_int_t status = number_of(webhook, "last_status");

    if (number_of(webhook, "last_ms") == 0)
        printf("  last answer     none yet\n");
    else if (reason != NULL && *reason != '\0')
        printable_print_line(stdout, "  last answer     %s", reason);
    else if (status == 0)
        printf("  last answer     taken by artisan\n");
    else
        printf("  last answer     %" JSON_INTEGER_FORMAT "\n", status);
}

static void print_webhook(json_t *webhook)
{
    printable_print_line(stdout, "%s (app %s): %s",
                         json_string_value(json_object_get(webhook, "url")),
                         json_string_value(json_object_get(webhook, "app")),
                         json_string_value(json_object_get(webhook, "state")));
    printf("  waiting         %" JSON_INTEGER_FORMAT " events, %" JSON_INTEGER_FORMAT
           " bytes, the first for %.1f s\n",
           number_of(webhook, "queue_events"), number_of(webhook, "queue_bytes"),
           (double)number_of(webhook, "age_ms") / 1000);
    print_last(webhook);
    printf("  delivered       %" JSON_INTEGER_FORMAT " events; %" JSON_INTEGER_FORMAT
           " requests failed, %" JSON_INTEGER_FORMAT " events were dropped\n",
           number_of(webhook, "delivered"), number_of(webhook, "failed_attempts"),
           number_of(webhook, "dropped"));
}

int cli_running_webhooks(int argc, char **argv)
{
    struct request request = {.option = "--json"};
    json_t *answer = ask(argc, argv, "webhooks", ANSWER_S, &request);
    json_t *webhooks = json_object_get(answer, "webhooks");
    json_t *webhook;
    size_t index;

    if (answer == NULL)
        return 1;
    if (is_refused(answer)) {
        json_decref(answer);
        return 1;
    }
    if (request.has_option)
        print_json(answer);
    else if (json_array_size(webhooks) == 0)
        printf("No app has a webhook.\n");
    else
        json_array_foreach(webhooks, index, webhook) print_webhook(webhook);
    json_decref(answer);
    return 0;
}
