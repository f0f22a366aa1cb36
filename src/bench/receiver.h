/* Clients that receive and count messages: a crowd of sessions, each subscribed to one channel.
 *
 * Thread: main opens and closes; while the pool runs, each receiver belongs to one of its threads.
 */
#pragma once

#include "bench/pool.h"
#include "bench/tally.h"
#include "client/session.h"

struct bench_receiver {
    struct bench_pool_source source;
    struct client_session session;
    struct bench_tally *tally; /* its thread's */
    uint32_t *next;            /* the number that is due from each sender */
    uint64_t skipped_count;
    uint64_t received_count;
};

struct bench_receiver_crowd {
    struct bench_receiver *receivers;
    size_t count;
    size_t senders_count;
    struct bench_pool *pool;
    struct bench_tally *tallies; /* one for each thread of the pool */
    uint32_t *next;
};

/* Connects `count` receivers and waits until each has its socket id; subscribes none. False, and
 * one line in `error`, if one is refused; the caller closes the crowd in any case. */
bool bench_receiver_open(struct bench_receiver_crowd *crowd, const struct client_server *server,
                         struct bench_pool *pool, size_t count, size_t senders_count,
                         struct buffer *error);

/* Subscribes all receivers, and waits for the answers. */
bool bench_receiver_subscribe(struct bench_receiver_crowd *crowd, struct bytes channel,
                              struct buffer *error);

/* From now on the pool's threads read what the server sends to the receiver. */
bool bench_receiver_listen(struct bench_receiver_crowd *crowd, size_t index, struct buffer *error);
bool bench_receiver_listen_all(struct bench_receiver_crowd *crowd, struct buffer *error);

/* How many messages have been received so far, and how many of them are measured. */
uint64_t bench_receiver_count(const struct bench_receiver_crowd *crowd);
uint64_t bench_receiver_measured(const struct bench_receiver_crowd *crowd);

/* Messages that are sent at `from_ns` or later are measured. Call it before the pool runs. */
void bench_receiver_measure_from(struct bench_receiver_crowd *crowd, uint64_t from_ns);

/* After the run: counts in `tally` what each receiver did not get of `sent_count` messages, and
 * adds the threads' tallies to it. */
void bench_receiver_reconcile(struct bench_receiver_crowd *crowd, uint64_t sent_count,
                              struct bench_tally *tally);

void bench_receiver_close(struct bench_receiver_crowd *crowd);
