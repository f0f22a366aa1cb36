/* The scenario `presence`: users join a presence channel one by one.
 *
 * Thread: main. False, and one line in bench->error, if the run cannot be carried out.
 */
#pragma once

#include "bench/bench.h"

bool bench_presence_run(struct bench *bench);
