/* A separate client that measures, beside any load, how long other clients wait for an answer. It
 * sends pings over some connections in turn, so that each worker is likely to have one of them.
 *
 * Thread: main opens and closes; in between a thread of its own sends pings.
 */
#pragma once

#include "client/server.h"

#include <jansson.h>

struct bench_probe;

/* Connects to the app of that key, on `server`. NULL, and one line in `error`, if that fails. */
struct bench_probe *bench_probe_open(const struct client_server *server, const char *key,
                                     struct buffer *error);

/* Discards what was measured before: the load begins now. */
void bench_probe_restart(struct bench_probe *probe);

/* The load is over: no ping after this counts. */
void bench_probe_finish(struct bench_probe *probe);

/* Ends the probe. Returns p50, p90, p99 and max in µs, which the caller owns. `is_clean`: every
 * ping was answered. */
json_t *bench_probe_close(struct bench_probe *probe, bool *is_clean);
