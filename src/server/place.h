/* Where the control socket of a server is, and whether a client may trust it.
 *
 * REVERB_CONTROL names the folder. Otherwise it is `$XDG_RUNTIME_DIR/reverb` or /tmp/reverb-UID: a
 * server under a process manager may have no runtime folder while the user's shell has one.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"

#include <stdint.h>

/* The n-th folder in which it may be; false after the last. */
bool server_place_folder(size_t index, struct buffer *path);

/* The path of the socket of that port in the n-th folder. */
bool server_place_socket(size_t index, uint16_t port, struct buffer *path);

/* Makes the first folder, which only its owner may enter or change. False, and one line in `error`,
 * if that fails or the folder belongs to another user. */
bool server_place_make(struct buffer *error);

/* Connects to the socket at `path`; -1 on failure. Another user could pretend to be the server: a
 * folder or socket that another user owns or may change is refused, with its path in `error`. If
 * there is no server, `error` stays empty. */
int server_place_connect(const char *path, struct buffer *error);

/* The port of the only socket in the folder that REVERB_CONTROL names, or else in all folders. 0 if
 * there is none, or more than one. */
uint16_t server_place_lone_port(void);

/* For root, which may look everywhere: finds a server of another user on that port. False if there
 * is none; `user` is its owner. */
bool server_place_find_other(uint16_t port, struct buffer *path, struct buffer *user);
