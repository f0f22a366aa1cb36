/* The scenario `connect` (clients come, subscribe and go), and `publish` with a TCP connection for
 * each request.
 *
 * Thread: main. False, and one line in bench->error, where it cannot be carried out.
 */
#pragma once

#include "bench/bench.h"

bool bench_connect_run(struct bench *bench);
bool bench_connect_publish(struct bench *bench);
