/* The scenario `whisper`: client events of one connection to the other subscribers of a private
 * channel.
 *
 * Thread: main. False, and one line in bench->error, if the run cannot be carried out.
 */
#pragma once

#include "bench/bench.h"

bool bench_whisper_run(struct bench *bench);
