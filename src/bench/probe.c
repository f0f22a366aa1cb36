#include "bench/probe.h"

#include "base/check.h"
#include "base/mem.h"
#include "bench/stamp.h"
#include "bench/tally.h"
#include "client/session.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define SESSIONS_COUNT 4
#define PAUSE_NS 2000000

struct bench_probe {
    struct client_server server;
    struct config_app app;
    struct client_session sessions[SESSIONS_COUNT];
    size_t sessions_count;
    struct bench_tally tally;
    pthread_t thread;
    atomic_bool is_over;
    atomic_bool begins_anew;
};

static bool ask(struct bench_probe *probe, struct client_session *session)
{
    const uint64_t began_ns = bench_stamp_now_ns();
    struct buffer error = {0};
    const bool is_answered =
        client_session_send(session, BYTES("{\"event\":\"pusher:ping\",\"data\":{}}")) &&
        client_session_expect(session, BYTES("pusher:pong"), &error);

    buffer_deinit(&error);
    if (is_answered)
        bench_histogram_add(&probe->tally.latency, bench_stamp_now_ns() - began_ns);
    else
        probe->tally.faults.closed++;
    return is_answered;
}

static void *run(void *user)
{
    struct bench_probe *probe = user;
    const struct timespec pause = {.tv_nsec = PAUSE_NS};

    for (size_t i = 0; !atomic_load(&probe->is_over); i++) {
        if (atomic_exchange(&probe->begins_anew, false))
            probe->tally.latency = (struct bench_histogram){0};
        if (!ask(probe, &probe->sessions[i % SESSIONS_COUNT]))
            return NULL;
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static void probe_free(struct bench_probe *probe)
{
    for (size_t i = 0; i < probe->sessions_count; i++)
        client_session_close(&probe->sessions[i]);
    free(probe);
}

static bool open_sessions(struct bench_probe *probe, struct buffer *error)
{
    for (size_t i = 0; i < SESSIONS_COUNT; i++) {
        if (!client_session_open(&probe->sessions[i], &probe->server, error))
            return false;
        probe->sessions_count++;
        if (!client_session_greet(&probe->sessions[i], error))
            return false;
    }
    return true;
}

struct bench_probe *bench_probe_open(const struct client_server *server, const char *key,
                                     struct buffer *error)
{
    struct bench_probe *probe = aligned_alloc(_Alignof(struct bench_probe), sizeof *probe);

    CHECK(probe != NULL);
    *probe = (struct bench_probe){.server = *server, .app = *server->app};
    probe->app.key = (char *)(uintptr_t)key;
    probe->server.app = &probe->app;
    if (!open_sessions(probe, error)) {
        probe_free(probe);
        return NULL;
    }
    CHECK(pthread_create(&probe->thread, NULL, run, probe) == 0);
    return probe;
}

void bench_probe_restart(struct bench_probe *probe)
{
    atomic_store(&probe->begins_anew, true);
}

void bench_probe_finish(struct bench_probe *probe)
{
    atomic_store(&probe->is_over, true);
}

json_t *bench_probe_close(struct bench_probe *probe, bool *is_clean)
{
    json_t *waits;

    bench_probe_finish(probe);
    CHECK(pthread_join(probe->thread, NULL) == 0);
    waits = bench_tally_latency(&probe->tally);
    *is_clean = bench_tally_is_clean(&probe->tally);
    probe_free(probe);
    return waits;
}
