/* The scenarios in which all clients ask for the same thing at one moment, as after a restart of
 * the server: `herd` (they join a presence channel) and `signin` (they sign in, each with a
 * watchlist).
 *
 * Thread: main. False, and one line in bench->error, if the run cannot be carried out.
 */
#pragma once

#include "bench/bench.h"

bool bench_herd_run(struct bench *bench);
bool bench_herd_signin(struct bench *bench);
