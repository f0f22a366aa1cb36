/* The scenario `channels`: many channels on one connection, subscribed to and unsubscribed from,
 * and what it costs when it goes; again until the time is over.
 *
 * Thread: main. False, and one line in bench->error, where it cannot be carried out.
 */
#pragma once

#include "bench/bench.h"
#include "client/session.h"

bool bench_channels_run(struct bench *bench);

/* For other scenarios: opens `session`, and subscribes it to as many channels as the options say.
 * The session is the caller's to close in any case. */
bool bench_channels_occupy(struct bench *bench, struct client_session *session);
