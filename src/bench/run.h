/* The load generator: runs a scenario against any Pusher server, and reports what it measured.
 *
 * Every message carries a number. If one is lost, doubled or out of order, the run has failed.
 *
 * Thread: main.
 */
#pragma once

#include "bench/bench.h"

/* Runs the scenario. Returns the report, which the caller prints and releases with json_decref();
 * NULL, and one line in `error`, if the run could not be carried out. `is_clean`: no message was
 * lost, doubled or out of order. */
json_t *bench_run(const struct bench_options *options, const struct client_server *server,
                  bool *is_clean, struct buffer *error);
