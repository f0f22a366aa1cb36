/* The scenario `connect` (clients connect, subscribe and disconnect), and `publish` with a TCP
 * connection for each request.
 *
 * Thread: main. False, and one line in bench->error, if the run cannot be carried out.
 */
#pragma once

#include "bench/bench.h"

bool bench_connect_run(struct bench *bench);
bool bench_connect_publish(struct bench *bench);
