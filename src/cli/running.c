#include "cli/running.h"

#include "cli/options.h"
#include "server/control.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#define POLL_MS 20
/* Beyond what the server says it takes. */
#define PATIENCE_S 5

struct request {
    const char *port;
    uint16_t port_number; /* which server is meant */
    const char *config_file;
    const char *env_file;
    bool json;
};

static bool read_options(int argc, char **argv, struct request *request, struct buffer *error)
{
    const struct cli_options_spec spec[] = {
        {.name = "--port", .text = &request->port},
        {.name = "--config", .text = &request->config_file},
        {.name = "--env", .text = &request->env_file},
        {.name = "--json", .flag = &request->json},
    };

    return cli_options_parse(spec, sizeof spec / sizeof spec[0], argc, argv, error);
}

/* The port alone needs no configuration. */
static bool find_port(const struct request *request, uint16_t *port, struct buffer *error)
{
    const struct config_options options = {.config_file = request->config_file,
                                           .env_file = request->env_file};
    struct buffer warnings = {0};
    struct config *config;
    uint64_t number;

    if (request->port != NULL) {
        if (!bytes_to_number(bytes_of(request->port), UINT16_MAX, &number) || number == 0) {
            buffer_printf(error, "--port \"%s\" is no port; give a number from 1 to 65535",
                          request->port);
            return false;
        }
        *port = (uint16_t)number;
        return true;
    }
    config = config_load(&options, error, &warnings);
    buffer_deinit(&warnings);
    if (config == NULL)
        return false;
    *port = config->port;
    config_free(config);
    return true;
}

/* Asks the server and has its answer parsed; NULL after one line on standard error. */
static json_t *ask(int argc, char **argv, const char *command, struct request *request)
{
    struct buffer text = {0};
    json_t *answer = NULL;

    if (read_options(argc, argv, request, &text) &&
        find_port(request, &request->port_number, &text)) {
        buffer_clear(&text);
        if (server_control_ask(request->port_number, command, &text))
            answer = json_loadb(text.data, text.len, 0, NULL);
    }
    if (answer == NULL)
        fprintf(stderr, "reverb: %s\n", buffer_text(&text));
    buffer_deinit(&text);
    return answer;
}

/* --- status --------------------------------------------------------------------------------- */

static void print_row(const char *title, json_t *value)
{
    if (value == NULL)
        return;
    if (json_is_string(value))
        printf("%-22s %s\n", title, json_string_value(value));
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
        {"uptime_s", "uptime, seconds"},
        {"connections", "connections"},
        {"channels", "channels"},
        {"messages_received", "messages received"},
        {"messages_sent", "messages sent"},
        {"events_published", "events published"},
        {"requests", "HTTP requests"},
        {"slow_readers_closed", "slow readers closed"},
        {"stale_closed", "stale clients closed"},
        {"memory_bytes", "memory, bytes"},
    };
    json_t *app;
    size_t index;

    print_rows(rows, sizeof rows / sizeof rows[0], status);
    print_cluster(json_object_get(status, "cluster"));
    json_array_foreach(json_object_get(status, "apps"), index, app) printf(
        "app %-18s %" JSON_INTEGER_FORMAT " connections, %" JSON_INTEGER_FORMAT " channels\n",
        json_string_value(json_object_get(app, "id")),
        json_integer_value(json_object_get(app, "connections")),
        json_integer_value(json_object_get(app, "channels")));
}

int cli_running_status(int argc, char **argv)
{
    struct request request = {0};
    json_t *status = ask(argc, argv, "status", &request);

    if (status == NULL)
        return 1;
    if (request.json) {
        json_dumpf(status, stdout, JSON_INDENT(2));
        printf("\n");
    } else {
        print_table(status);
    }
    json_decref(status);
    return 0;
}

/* --- stop, restart, reload ------------------------------------------------------------------ */

/* It answers until its last connection is closed. The process alone would not tell: one that nobody
 * has waited for still has its number. */
static bool is_gone(uint16_t port, pid_t pid)
{
    struct buffer answer = {0};
    const bool is_there =
        (kill(pid, 0) == 0 || errno != ESRCH) && server_control_ask(port, "status", &answer);

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

static int stop(int argc, char **argv, const char *done)
{
    struct request request = {0};
    json_t *answer = ask(argc, argv, "stop", &request);
    bool has_ended;
    pid_t pid;

    if (answer == NULL)
        return 1;
    pid = (pid_t)json_integer_value(json_object_get(answer, "pid"));
    has_ended =
        wait_until_gone(request.port_number, pid,
                        json_integer_value(json_object_get(answer, "ends_within_s")) + PATIENCE_S);
    json_decref(answer);
    if (!has_ended) {
        fprintf(stderr, "reverb: the server (pid %d) was told to end and is still there\n",
                (int)pid);
        return 1;
    }
    printf("%s\n", done);
    return 0;
}

int cli_running_stop(int argc, char **argv)
{
    return stop(argc, argv, "The server has stopped.");
}

int cli_running_restart(int argc, char **argv)
{
    return stop(argc, argv,
                "The server has ended gracefully; its process manager starts it again.");
}

int cli_running_reload(int argc, char **argv)
{
    struct request request = {0};
    json_t *answer = ask(argc, argv, "reload", &request);

    if (answer == NULL)
        return 1;
    json_decref(answer);
    printf("The server reloads its apps and its certificate.\n");
    return 0;
}
