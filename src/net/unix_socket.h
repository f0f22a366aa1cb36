/* Listening on a Unix socket: a file.
 *
 * Thread: main: the mask of new files is the process's.
 */
#pragma once

#include "base/bytes.h"

#include <sys/stat.h>

/* A host of this form is a Unix socket: "unix:/run/reverb/reverb.sock". */
bool net_unix_socket_is_one(const char *host);

/* Returns a listening, non-blocking socket, or a negative UV_E…. The file of a server that was
 * killed is replaced; it has all permissions but those of `mask`. `count_max` wait to be accepted.
 */
int net_unix_socket_listen(const char *path, mode_t mask, int count_max);

/* Whether the socket listens at that path. */
bool net_unix_socket_is_at(int fd, const char *path);

/* The path in such a host. */
const char *net_unix_socket_path(const char *host);
