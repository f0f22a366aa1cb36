/* The load generator: a scenario against any Pusher server, and what it measured.
 *
 * Every message carries its number; one that is lost, doubled or out of order makes the run a
 * failed one.
 *
 * Thread: main.
 */
#pragma once

#include "bench/process.h"
#include "bench/tally.h"
#include "client/server.h"

/* Processes that have a part in it beside the server: another node, Redis. */
#define BENCH_OTHERS_MAX 4

struct bench_probe;

struct bench_options {
    const char *scenario;
    size_t connections_count; /* also users or channels; 0: what suits the scenario */
    size_t in_flight_count;   /* sent and not answered yet */
    double rate_per_s;        /* 0: as fast as what is in flight allows */
    size_t size_bytes;        /* of an event's data */
    double duration_s;
    size_t threads_count;
    const char *channel;     /* of fanout and publish; NULL: one of its own */
    size_t channels_count;   /* of fanout: others that somebody is subscribed to meanwhile */
    size_t members_count;    /* of presence: who is there already */
    pid_t pid;               /* the server's, 0 where it is not known */
    bool is_connecting_anew; /* a TCP connection for each request */
    const char *probe_key; /* of an app whose clients' waits are measured beside; NULL: nobody's */
    pid_t others[BENCH_OTHERS_MAX];
    size_t others_count;
    const struct client_server
        *publishing; /* where fanout publishes; NULL: where the clients are */
};

/* A run: what the scenarios share. */
struct bench {
    const struct bench_options *options;
    const struct client_server *server;
    struct buffer *error; /* gets one line where a scenario cannot go on */
    json_t *report;       /* gets what it measured */
    struct bench_tally *total;
    struct bench_probe *probe; /* NULL: nobody else waits */
    uint64_t others_before_ns[BENCH_OTHERS_MAX];
};

/* Runs it. The report is the caller's to print and to json_decref(); NULL, and one line in `error`,
 * where the run could not be carried out. `is_clean`: no message was lost, doubled or out of order.
 */
json_t *bench_run(const struct bench_options *options, const struct client_server *server,
                  bool *is_clean, struct buffer *error);

/* For the scenarios: says on standard error how far it has come, not oftener than is readable. */
void bench_show_progress(const struct bench *bench, double seconds, uint64_t count,
                         const char *what);

/* For the scenarios: what the other processes have used so far is not theirs to answer for. */
void bench_begin_usage(struct bench *bench);

/* For the scenarios: the CPU time that the server has used so far; 0 where its process is not
 * known.
 */
uint64_t bench_server_cpu_ns(const struct bench *bench);

/* For the scenarios: adds what the server and the generator used between two moments, per one of
 * `count` (of what `unit` says); the others since bench_begin_usage(). */
void bench_report_usage(const struct bench *bench, const struct bench_process_usage *server_before,
                        const struct bench_process_usage *client_before, uint64_t count,
                        const char *unit);

/* For the scenarios: a number of the report, to three decimals. */
void bench_report_number(const struct bench *bench, const char *name, double number);
