/* The scenario `idle`: subscribed connections that do nothing, and what they cost.
 *
 * Thread: main. False, and one line in bench->error, if the run cannot be carried out.
 */
#pragma once

#include "bench/bench.h"

bool bench_idle_run(struct bench *bench);
