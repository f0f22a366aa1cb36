#include "bench/pool.h"

#include "base/check.h"
#include "base/mem.h"

#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_MAX 512
/* How often the other threads look whether it is over. */
#define LOOK_MS 10

static int turn(struct bench_pool_thread *thread, int wait_ms)
{
    struct epoll_event events[EVENTS_MAX];
    const int count = epoll_wait(thread->epoll_fd, events, EVENTS_MAX, wait_ms);

    for (int i = 0; i < count; i++) {
        struct bench_pool_source *source = events[i].data.ptr;

        source->on_readable(source, thread);
    }
    return count;
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
        thread->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (thread->epoll_fd < 0) {
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
        close(pool->threads[i].epoll_fd);
        free(pool->threads[i].scratch);
    }
    pool->threads_count = 0;
}

bool bench_pool_add(struct bench_pool *pool, size_t thread, struct bench_pool_source *source)
{
    struct epoll_event event = {.events = EPOLLIN | (source->reads_all ? EPOLLET : 0),
                                .data.ptr = source};

    return epoll_ctl(pool->threads[thread % pool->threads_count].epoll_fd, EPOLL_CTL_ADD,
                     source->fd, &event) == 0;
}

void bench_pool_remove(struct bench_pool_thread *thread, struct bench_pool_source *source)
{
    epoll_ctl(thread->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
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
