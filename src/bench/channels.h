/* The scenario `channels`: one connection subscribes to many channels, unsubscribes, and subscribes
 * and disconnects; repeated until the time is over.
 *
 * Thread: main. False, and one line in bench->error, if the run cannot be carried out.
 */
#pragma once

#include "bench/bench.h"
#include "client/session.h"

bool bench_channels_run(struct bench *bench);

/* For other scenarios: opens `session` and subscribes it to `channels_count` channels. The caller
 * closes the session in any case. */
bool bench_channels_occupy(struct bench *bench, struct client_session *session);
