/* What the scenarios of the load generator share: the options, the run, and how it is reported.
 *
 * Thread: main.
 */
#pragma once

#include "bench/process.h"
#include "bench/tally.h"
#include "client/server.h"

/* Other processes that take part beside the server: another node, Redis. */
#define BENCH_OTHERS_MAX 4

struct bench_probe;

struct bench_options {
    const char *scenario;
    size_t connections_count; /* also users or channels; 0: the scenario's default */
    size_t in_flight_count;   /* sent and not answered yet */
    double rate_per_s;        /* 0: as fast as `in_flight_count` allows */
    size_t size_bytes;        /* of an event's data */
    double duration_s;
    size_t threads_count;
    const char *channel;     /* for fanout and publish; NULL: the scenario's own */
    size_t channels_count;   /* for fanout: further channels that a client is subscribed to */
    size_t members_count;    /* for presence and churn: members that have joined before */
    size_t slow_count;       /* for fanout: further subscribers, which never read */
    size_t watchlist_count;  /* for signin: users on each watchlist */
    pid_t pid;               /* of the server; 0: not known */
    bool is_connecting_anew; /* a TCP connection for each request */
    const char *probe_key;   /* of an app whose latency a probe measures meanwhile; NULL: none */
    pid_t others[BENCH_OTHERS_MAX];
    size_t others_count;
    const struct client_server
        *publishing; /* the server to which fanout publishes; NULL: the clients' server */
};

/* A run: what the scenarios share. */
struct bench {
    const struct bench_options *options;
    const struct client_server *server;
    struct buffer *error; /* gets one line if a scenario cannot continue */
    json_t *report;       /* gets the results */
    struct bench_tally *total;
    struct bench_probe *probe; /* NULL: no probe */
    uint64_t others_before_ns[BENCH_OTHERS_MAX];
};

/* Prints the progress to standard error, not more often than is readable. */
void bench_show_progress(const struct bench *bench, double seconds, uint64_t count,
                         const char *what);

/* What the other processes have used so far does not count. */
void bench_begin_usage(struct bench *bench);

/* The CPU time that the server has used so far; 0 if its process is not known. */
uint64_t bench_server_cpu_ns(const struct bench *bench);

/* The load is over. Reports what the server and the generator used since the `before` values,
 * divided by `count` (of `unit`); for the other processes, since bench_begin_usage(). */
void bench_report_usage(const struct bench *bench, const struct bench_process_usage *server_before,
                        const struct bench_process_usage *client_before, uint64_t count,
                        const char *unit);

/* Reports by how much the server's memory has grown since `before`, now and at most. */
void bench_report_growth(const struct bench *bench, const struct bench_process_usage *before);

/* Adds a number to the report, with three decimals. */
void bench_report_number(const struct bench *bench, const char *name, double number);
