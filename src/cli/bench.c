#include "cli/bench.h"

#include "base/printable.h"
#include "bench/pool.h"
#include "bench/run.h"
#include "cli/options.h"
#include "cli/target.h"

#include <stdio.h>
#include <string.h>

#define CONNECTIONS_MAX 1000000
#define IN_FLIGHT_MAX 4096
#define SIZE_BYTES_MAX (16 * 1024 * 1024)
#define SECONDS_MAX 86400
#define RATE_MAX 100000000
#define PID_MAX 4194304

struct arguments {
    struct cli_target_options target;
    const char *publish_to;
    const char *others;
    const char *connections;
    const char *in_flight;
    const char *rate;
    const char *size;
    const char *duration;
    const char *threads;
    const char *pid;
    const char *channel;
    const char *channels;
    const char *members;
    const char *slow;
    const char *watchlist;
    const char *probe;
    bool is_connecting_anew;
    bool is_json;
};

static bool read_arguments(int argc, char **argv, struct arguments *arguments, struct buffer *error)
{
    const struct cli_options_spec spec[] = {
        CLI_TARGET_OPTIONS(&arguments->target),
        {.name = "--publish-to", .text = &arguments->publish_to},
        {.name = "--others", .text = &arguments->others},
        {.name = "--connections", .text = &arguments->connections},
        {.name = "--in-flight", .text = &arguments->in_flight},
        {.name = "--rate", .text = &arguments->rate},
        {.name = "--size", .text = &arguments->size},
        {.name = "--duration", .text = &arguments->duration},
        {.name = "--threads", .text = &arguments->threads},
        {.name = "--pid", .text = &arguments->pid},
        {.name = "--channel", .text = &arguments->channel},
        {.name = "--channels", .text = &arguments->channels},
        {.name = "--members", .text = &arguments->members},
        {.name = "--slow", .text = &arguments->slow},
        {.name = "--watchlist", .text = &arguments->watchlist},
        {.name = "--probe", .text = &arguments->probe},
        {.name = "--new-connections", .flag = &arguments->is_connecting_anew},
        {.name = "--json", .flag = &arguments->is_json},
    };

    if (argc < 2 || argv[1][0] == '-') {
        buffer_append_text(error, "bench needs a scenario: fanout, publish, connect, idle, "
                                  "whisper, presence, channels, churn, herd, signin or lists");
        return false;
    }
    return cli_options_parse(spec, sizeof spec / sizeof spec[0], argc - 1, argv + 1, error);
}

/* A whole number from 1 to `max`, or `otherwise` if none is given. */
static bool read_number(const char *name, const char *text, uint64_t max, uint64_t otherwise,
                        uint64_t *number, struct buffer *error)
{
    *number = otherwise;
    if (text == NULL || (bytes_to_number(bytes_of(text), max, number) && *number > 0))
        return true;
    buffer_printf(error, "%s \"%s\" is not right; give a whole number from 1 to %llu", name, text,
                  (unsigned long long)max);
    return false;
}

static bool resolve(const struct arguments *arguments, const char *scenario,
                    struct bench_options *options, struct buffer *error)
{
    uint64_t connections;
    uint64_t in_flight;
    uint64_t rate;
    uint64_t size;
    uint64_t duration;
    uint64_t threads;
    uint64_t pid;
    uint64_t channels;
    uint64_t members;
    uint64_t slow;
    uint64_t watchlist;

    if (!read_number("--connections", arguments->connections, CONNECTIONS_MAX, 0, &connections,
                     error) ||
        !read_number("--in-flight", arguments->in_flight, IN_FLIGHT_MAX, 1, &in_flight, error) ||
        !read_number("--rate", arguments->rate, RATE_MAX, 0, &rate, error) ||
        !read_number("--size", arguments->size, SIZE_BYTES_MAX, 100, &size, error) ||
        !read_number("--duration", arguments->duration, SECONDS_MAX, 5, &duration, error) ||
        !read_number("--threads", arguments->threads, BENCH_POOL_THREADS_MAX, 1, &threads, error) ||
        !read_number("--channels", arguments->channels, CONNECTIONS_MAX, 0, &channels, error) ||
        !read_number("--members", arguments->members, CONNECTIONS_MAX, 0, &members, error) ||
        !read_number("--slow", arguments->slow, CONNECTIONS_MAX, 0, &slow, error) ||
        !read_number("--watchlist", arguments->watchlist, CONNECTIONS_MAX, 0, &watchlist, error) ||
        !read_number("--pid", arguments->pid, PID_MAX, 0, &pid, error))
        return false;
    *options = (struct bench_options){
        .scenario = scenario,
        .connections_count = connections,
        .in_flight_count = in_flight,
        .rate_per_s = (double)rate,
        .size_bytes = size,
        .duration_s = (double)duration,
        .threads_count = threads,
        .channel = arguments->channel,
        .channels_count = channels,
        .members_count = members,
        .slow_count = slow,
        .watchlist_count = watchlist,
        .probe_key = arguments->probe,
        .pid = (pid_t)pid,
        .is_connecting_anew = arguments->is_connecting_anew,
    };
    return true;
}

/* "PID,PID": other processes to measure. */
static bool read_others(const struct arguments *arguments, struct bench_options *options,
                        struct buffer *error)
{
    const char *at = arguments->others;

    while (at != NULL && *at != '\0') {
        const size_t len = strcspn(at, ",");
        uint64_t pid;

        if (options->others_count == BENCH_OTHERS_MAX ||
            !bytes_to_number((struct bytes){at, len}, PID_MAX, &pid) || pid == 0) {
            buffer_printf(error,
                          "--others \"%s\" is not right; give up to %d process ids, with commas",
                          arguments->others, BENCH_OTHERS_MAX);
            return false;
        }
        options->others[options->others_count++] = (pid_t)pid;
        at += at[len] == ',' ? len + 1 : len;
    }
    return true;
}

/* The node that events are published to, if it is not that of the clients. */
static bool open_publishing(const struct arguments *arguments, const struct cli_target *target,
                            struct client_server *publishing, struct bench_options *options,
                            struct buffer *error)
{
    struct client_url url;

    if (arguments->publish_to == NULL)
        return true;
    options->publishing = publishing;
    return client_url_parse(bytes_of(arguments->publish_to), &url, error) &&
           client_server_open(publishing, &url, &target->app, arguments->target.is_trusting, error);
}

/* Prints one line a value; values in an object have its name as prefix. */
static void print_table(const char *prefix, json_t *object)
{
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        char name[128];
        char *text;

        snprintf(name, sizeof name, "%s%s", prefix, key);
        for (char *at = strchr(name, '_'); at != NULL; at = strchr(at, '_'))
            *at = ' ';
        if (json_is_object(value)) {
            strncat(name, " ", sizeof name - strlen(name) - 1);
            print_table(name, value);
            continue;
        }
        text = json_is_string(value) ? NULL
                                     : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
        printf("%-44s %s\n", name, text ? text : json_string_value(value));
        free(text);
    }
}

static bool run(int argc, char **argv, bool *is_clean, struct buffer *error)
{
    struct arguments arguments = {0};
    struct bench_options options;
    struct cli_target target = {0};
    struct client_server publishing = {0};
    json_t *report = NULL;

    if (!read_arguments(argc, argv, &arguments, error) ||
        !resolve(&arguments, argv[1], &options, error) || !read_others(&arguments, &options, error))
        return false;
    if (cli_target_open(&target, &arguments.target, error) &&
        open_publishing(&arguments, &target, &publishing, &options, error))
        report = bench_run(&options, &target.server, is_clean, error);
    client_server_close(&publishing);
    cli_target_close(&target);
    if (report == NULL)
        return false;
    if (arguments.is_json) {
        json_dumpf(report, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
        printf("\n");
    } else {
        print_table("", report);
    }
    json_decref(report);
    return true;
}

int cli_bench(int argc, char **argv)
{
    struct buffer error = {0};
    bool is_clean = false;
    const bool ok = run(argc, argv, &is_clean, &error);

    if (!ok)
        printable_print_line(stderr, "reverb: %s", buffer_text(&error));
    else if (!is_clean)
        fprintf(stderr, "reverb: the server lost, doubled or misplaced something; see faults\n");
    buffer_deinit(&error);
    return ok && is_clean ? 0 : 1;
}
