/* Members of the presence channel of the scenarios `presence`, `herd` and `churn`.
 *
 * Thread: main. False, and one line in `error`, if the server does not answer as it should.
 */
#pragma once

#include "bench/bench.h"
#include "bench/receiver.h"

#define BENCH_MEMBERS_CHANNEL BYTES("presence-bench")
#define BENCH_MEMBERS_SUCCEEDED BYTES("pusher_internal:subscription_succeeded")

/* Sends the subscription of that user, and does not wait for the answer. A user whose id is a stamp
 * has a name, too. */
bool bench_members_ask(struct client_session *session, struct bytes user_id, struct buffer *error);

/* The first `count` of the crowd join, some at one time, and listen. Their ids are no stamps, so
 * that their joins are not counted. */
bool bench_members_join(struct bench *bench, struct bench_receiver_crowd *crowd, size_t count);
