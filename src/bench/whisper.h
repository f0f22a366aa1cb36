/* The scenario `whisper`: client events of one connection to the others of a private channel.
 *
 * Thread: main. False, and one line in bench->error, where it cannot be carried out.
 */
#pragma once

#include "bench/bench.h"

bool bench_whisper_run(struct bench *bench);
