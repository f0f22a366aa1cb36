/* What Linux has and other systems lack, for sockets that belong to no loop. What a loop's sockets
 * need is in net/socket.h, waiting for many in net/poller.h and bench/poll.h. `tests/run portable`
 * compiles with all of it hidden.
 *
 * Thread: any.
 */
#pragma once

#include "base/bytes.h"

#include <sys/types.h>

/* A stream socket that the programs we start do not get; -1 with errno where it is refused. */
int platform_socket(int family);

/* As send(). Who has gone is an error (EPIPE), and no signal ends us; of sockets of
 * platform_socket() everywhere. */
ssize_t platform_send(int fd, struct bytes data);
