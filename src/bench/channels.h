/* The scenario `channels`: many channels on one connection, subscribed to and unsubscribed from.
 *
 * Thread: main. False, and one line in bench->error, where it cannot be carried out.
 */
#pragma once

#include "bench/bench.h"

bool bench_channels_run(struct bench *bench);
