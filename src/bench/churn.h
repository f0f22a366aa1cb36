/* The scenario `churn`: clients that join a presence channel and leave it again as fast as the
 * server takes it, while its members are notified of each.
 *
 * Thread: main. False, and one line in bench->error, if the run cannot be carried out.
 */
#pragma once

#include "bench/bench.h"

bool bench_churn_run(struct bench *bench);
