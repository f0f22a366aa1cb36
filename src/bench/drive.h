/* The phases of a scenario that sends messages for some time: warm up, measure, and wait until all
 * that was sent has arrived.
 *
 * Thread: main, which is the pool's first.
 */
#pragma once

#include "bench/bench.h"
#include "bench/receiver.h"

struct bench_drive {
    /* Set by the scenario. */
    struct bench *bench;
    struct bench_pool *pool;
    struct bench_receiver_crowd *crowd; /* each receiver gets all that is sent; may be empty */
    size_t window_count;                /* limit of messages sent and not received by all yet */
    const char *unit;                   /* what the usage is divided by: "delivery" */
    bool (*send)(void *user);           /* sends one message; false if it cannot now */
    uint64_t (*count)(void *user);      /* how many of `unit` were measured so far */
    bool (*is_idle)(void *user);        /* whether no answer is awaited */
    void *user;

    uint64_t sent_count;
    uint64_t began_ns;
    uint64_t from_ns; /* messages sent from here… */
    uint64_t end_ns;  /* …to here are measured */
    uint64_t quiet_since_ns;
    uint64_t quiet_count;
    bool is_measuring;
    struct bench_process_usage server_before;
    struct bench_process_usage client_before;
};

/* Sets the times. Nothing may be sent before. */
void bench_drive_prepare(struct bench_drive *drive);

/* Runs all phases, and reports. */
void bench_drive_run(struct bench_drive *drive);
