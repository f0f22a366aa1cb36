/* The generator's threads: each waits for its own sockets and calls their readers.
 *
 * Thread: main opens, adds, runs and closes; the thread that runs the pool is its first thread.
 */
#pragma once

#include "bench/poll.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define BENCH_POOL_THREADS_MAX 64
#define BENCH_POOL_SCRATCH_LEN ((size_t)256 * 1024)

struct bench_pool;

struct bench_pool_thread {
    struct bench_pool *pool;
    pthread_t thread;
    struct bench_poll waiting;
    char *scratch; /* BENCH_POOL_SCRATCH_LEN bytes, for the reader */
};

/* Embedded in a struct that has a socket. */
struct bench_pool_source {
    void (*on_readable)(struct bench_pool_source *source, struct bench_pool_thread *thread);
    int fd;
    bool reads_all; /* reads until nothing is left: see bench_poll_add() */
};

struct bench_pool {
    struct bench_pool_thread threads[BENCH_POOL_THREADS_MAX];
    size_t threads_count;
    int (*on_turn)(void *user);
    void *user;
    atomic_bool is_stopped;
};

/* False, with errno, if the system refuses. */
bool bench_pool_open(struct bench_pool *pool, size_t threads_count);
void bench_pool_close(struct bench_pool *pool);

bool bench_pool_add(struct bench_pool *pool, size_t thread, struct bench_pool_source *source);
void bench_pool_remove(struct bench_pool_thread *thread, struct bench_pool_source *source);

/* Calls `on_turn` before each wait of the first thread; it returns how many ms the wait may last.
 * Returns after bench_pool_stop(), when all threads have ended; the pool may be run again. */
void bench_pool_run(struct bench_pool *pool, int (*on_turn)(void *user), void *user);
/* While the pool does not run: reads until nothing has come for a moment. */
void bench_pool_drain(struct bench_pool *pool);

void bench_pool_stop(struct bench_pool *pool);
