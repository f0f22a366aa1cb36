#include "bench/pool.h"

#include "base/check.h"
#include "base/mem.h"

/* How often the other threads check whether the pool was stopped. */
#define LOOK_MS 10

static void on_readable(void *user, void *thread)
{
    struct bench_pool_source *source = user;

    source->on_readable(source, thread);
}

static int turn(struct bench_pool_thread *thread, int wait_ms)
{
    return bench_poll_wait(&thread->waiting, wait_ms, on_readable, thread);
}

static void *run_other(void *user)
{
    struct bench_pool_thread *thread = user;

    while (!atomic_load_explicit(&thread->pool->is_stopped, memory_order_relaxed))
        turn(thread, LOOK_MS);
    return NULL;
}

bool bench_pool_open(struct bench_pool *pool, size_t threads_count)
{
    CHECK(threads_count >= 1 && threads_count <= BENCH_POOL_THREADS_MAX);
    *pool = (struct bench_pool){0};
    for (size_t i = 0; i < threads_count; i++) {
        struct bench_pool_thread *thread = &pool->threads[i];

        thread->pool = pool;
        if (!bench_poll_open(&thread->waiting)) {
            bench_pool_close(pool);
            return false;
        }
        thread->scratch = mem_new(BENCH_POOL_SCRATCH_LEN);
        pool->threads_count++;
    }
    return true;
}

void bench_pool_close(struct bench_pool *pool)
{
    for (size_t i = 0; i < pool->threads_count; i++) {
        bench_poll_close(&pool->threads[i].waiting);
        free(pool->threads[i].scratch);
    }
    pool->threads_count = 0;
}

bool bench_pool_add(struct bench_pool *pool, size_t thread, struct bench_pool_source *source)
{
    return bench_poll_add(&pool->threads[thread % pool->threads_count].waiting, source->fd,
                          source->reads_all, source);
}

void bench_pool_remove(struct bench_pool_thread *thread, struct bench_pool_source *source)
{
    bench_poll_remove(&thread->waiting, source->fd);
}

void bench_pool_run(struct bench_pool *pool, int (*on_turn)(void *user), void *user)
{
    atomic_store(&pool->is_stopped, false);
    for (size_t i = 1; i < pool->threads_count; i++)
        CHECK(pthread_create(&pool->threads[i].thread, NULL, run_other, &pool->threads[i]) == 0);
    while (!atomic_load_explicit(&pool->is_stopped, memory_order_relaxed)) {
        const int wait_ms = on_turn(user);

        if (!atomic_load_explicit(&pool->is_stopped, memory_order_relaxed))
            turn(&pool->threads[0], wait_ms);
    }
    for (size_t i = 1; i < pool->threads_count; i++)
        pthread_join(pool->threads[i].thread, NULL);
}

void bench_pool_drain(struct bench_pool *pool)
{
    for (size_t i = 0; i < pool->threads_count; i++)
        while (turn(&pool->threads[i], LOOK_MS) > 0)
            continue;
}

void bench_pool_stop(struct bench_pool *pool)
{
    atomic_store(&pool->is_stopped, true);
}
