/* Publishers: keep-alive connections to the HTTP API, each with one request in flight. Each
 * publisher numbers the events that it sends.
 *
 * Thread: main, which is the pool's first.
 */
#pragma once

#include "bench/pool.h"
#include "bench/tally.h"
#include "client/session.h"

struct bench_publisher {
    struct bench_pool_source source;
    struct client_stream stream;
    struct bench_publisher_group *group;
    struct buffer in;
    uint32_t index;
    uint32_t number; /* of the next event */
    uint64_t sent_ns;
    bool is_waiting; /* for an answer */
};

struct bench_publisher_group {
    struct bench_publisher *publishers;
    size_t count;
    const struct client_server *server;
    struct bench_pool *pool;
    struct bytes channel;
    size_t size_bytes;
    struct bench_tally *tally; /* of the answers */
    size_t waiting_count;
    size_t turn;           /* where the search for a free publisher begins */
    struct buffer request; /* with `is_repeating`: the same for all, signed anew every second */
    uint64_t signed_ns;
    bool is_repeating; /* nobody receives the events: they need no numbers */
};

/* Connects `count` publishers. False, and one line in `error`, if that fails; the caller closes the
 * group in any case. */
bool bench_publisher_open(struct bench_publisher_group *group, size_t count, struct buffer *error);

/* Publishes one event over a connection that waits for no answer; false if all wait. */
bool bench_publisher_send(struct bench_publisher_group *group);

void bench_publisher_close(struct bench_publisher_group *group);

/* Appends an event's data: the stamp, padded to `size_bytes`. */
void bench_publisher_append_data(struct buffer *out, uint32_t sender, uint32_t number,
                                 uint64_t now_ns, size_t size_bytes);
