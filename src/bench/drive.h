/* The course of a scenario that sends for a while: it warms up, is measured, and waits until all
 * that was sent has come.
 *
 * Thread: main, the pool's first.
 */
#pragma once

#include "bench/bench.h"
#include "bench/receiver.h"

struct bench_drive {
    /* Set by the scenario. */
    struct bench *bench;
    struct bench_pool *pool;
    struct bench_receiver_crowd *crowd; /* each of whom gets all that is sent; may be empty */
    size_t window_count;                /* sent, and not come to all yet */
    const char *unit;                   /* what the usage is divided by: "delivery" */
    bool (*send)(void *user);           /* one message; false where it cannot be now */
    uint64_t (*count)(void *user);      /* of what `unit` says: measured so far */
    bool (*is_idle)(void *user);        /* no answer is awaited */
    void *user;

    uint64_t sent_count;
    uint64_t began_ns;
    uint64_t from_ns; /* measured is what is sent from here… */
    uint64_t end_ns;  /* …to here */
    uint64_t quiet_since_ns;
    uint64_t quiet_count;
    bool is_measuring;
    struct bench_process_usage server_before;
    struct bench_process_usage client_before;
};

/* Sets the times; before that, nothing may be sent. */
void bench_drive_prepare(struct bench_drive *drive);

/* Returns when it is over, and reports. */
void bench_drive_run(struct bench_drive *drive);
