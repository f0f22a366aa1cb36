/* A client of its own beside any load: how long somebody else waits for an answer meanwhile. Its
 * pings go round some connections, so that each worker is likely to have one.
 *
 * Thread: main opens and closes; in between a thread of its own asks.
 */
#pragma once

#include "client/server.h"

#include <jansson.h>

struct bench_probe;

/* Connects to the app of that key, on `server`. NULL, and one line in `error`, where that fails. */
struct bench_probe *bench_probe_open(const struct client_server *server, const char *key,
                                     struct buffer *error);

/* What was asked before does not count: the load begins now. */
void bench_probe_restart(struct bench_probe *probe);

/* Ends it: p50, p90, p99 and max in µs, the caller's; and whether every ping was answered. */
json_t *bench_probe_close(struct bench_probe *probe, bool *is_clean);
