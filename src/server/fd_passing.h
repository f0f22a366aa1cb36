/* Sends open descriptors to another process over a Unix socket. unix(7), SCM_RIGHTS.
 *
 * Thread: any.
 */
#pragma once

#include "base/buffer.h"

#define SERVER_FD_PASSING_MAX 128

/* Sends one message of `text` and copies of the descriptors; false if not all of it is sent. */
bool server_fd_passing_send(int fd, struct bytes text, const int *fds, size_t count);

/* Receives the next message: appends its text and fills `fds`, which the caller must close. Returns
 * the number of descriptors, or -1 if there is no message. */
int server_fd_passing_receive(int fd, struct buffer *text, int fds[SERVER_FD_PASSING_MAX]);
