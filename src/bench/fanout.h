/* The scenarios `fanout` (events over the HTTP API to the subscribers of one channel) and `publish`
 * (the same to a channel without subscribers).
 *
 * Thread: main. False, and one line in bench->error, if the run cannot be carried out.
 */
#pragma once

#include "bench/bench.h"

bool bench_fanout_run(struct bench *bench);
bool bench_fanout_publish(struct bench *bench);
