/* Open descriptors sent to another process over a Unix socket, beside bytes. unix(7), SCM_RIGHTS.
 *
 * Thread: any.
 */
#pragma once

#include "base/buffer.h"

#define SERVER_DESCRIPTORS_MAX 128

/* One message of `text` and copies of the descriptors; nothing is left out of it. */
bool server_descriptors_send(int fd, struct bytes text, const int *fds, size_t count);

/* The next message: appends its text, and fills `fds`, which are the caller's to close. The number
 * of descriptors, or -1 if none comes. */
int server_descriptors_receive(int fd, struct buffer *text, int fds[SERVER_DESCRIPTORS_MAX]);
