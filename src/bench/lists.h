/* The scenario `lists`: the HTTP API's list of an app's channels, of which there are many; each
 * over a connection of its own.
 *
 * Thread: main. False, and one line in bench->error, if the run cannot be carried out.
 */
#pragma once

#include "bench/bench.h"

bool bench_lists_run(struct bench *bench);
