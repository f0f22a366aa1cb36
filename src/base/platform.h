/* Hides what only Linux has, for sockets that belong to no loop. For a loop's sockets that is in
 * net/socket.h; for waiting for many sockets, in net/poller.h and bench/poll.h. `tests/run
 * portable` compiles without the Linux variants.
 *
 * Thread: any.
 */
#pragma once

#include "base/bytes.h"

#include <sys/types.h>

/* A stream socket that child processes do not inherit; -1 with errno on failure. */
int platform_socket(int family);

/* As send(), but a peer that has gone is an error (EPIPE), never a signal; on every system for
 * sockets of platform_socket(). */
ssize_t platform_send(int fd, struct bytes data);

/* The process at the other end of a local socket when it connected; 0 if the system does not say.
 */
pid_t platform_peer(int fd);

/* How much of the process's resident memory is that of files, such as its program; false if the
 * system does not say. */
bool platform_resident_file_bytes(size_t *bytes);
