/* What both ways of the floor share: bench/floor.c has the protocol and epoll, bench/floor_uring.c
 * io_uring. */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>

struct membership;

struct conn {
    int fd;
    bool is_websocket;
    bool is_queued; /* has output of this turn */
    bool is_closed;
    bool is_receiving; /* io_uring: the kernel still refers to it */
    struct buffer in;  /* what has not come whole */
    struct buffer out;
    struct membership *memberships;
    size_t count;
    size_t cap;
    struct conn *next; /* of those with output, or of those to be freed */
};

/* bench/floor.c, for floor_uring.c. */
void floor_received(struct conn *conn, char *data, size_t len);
void floor_close(struct conn *conn);
void floor_end_turn(void);
void floor_submitted(void); /* what was prepared has been sent */
void floor_free(struct conn *conn);

/* bench/floor_uring.c, for floor.c. Sending prepares: `data` must stay until the turn's submission.
 */
bool floor_uring_open(int listener); /* false if the system has none of it */
void floor_uring_run(void);
void floor_uring_send(struct conn *conn, struct bytes data);
void floor_uring_flush(struct conn *conn);
void floor_uring_close(struct conn *conn);
