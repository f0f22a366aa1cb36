/* Where the control socket of a server is, and whether who asks may believe it.
 *
 * REVERB_CONTROL names the folder. Otherwise it is `$XDG_RUNTIME_DIR/reverb` or /tmp/reverb-UID: a
 * server that a process manager started knows no runtime folder, the shell that asks for it does.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"

#include <stdint.h>

/* The n-th folder in which it may be; false after the last. */
bool server_place_folder(size_t index, struct buffer *path);

/* The socket of that port in the n-th folder. */
bool server_place_socket(size_t index, uint16_t port, struct buffer *path);

/* Makes the first folder, which nobody but its owner may enter or change. False, and one line in
 * `error`, if it cannot be had or is somebody else's. */
bool server_place_make(struct buffer *error);

/* Connects to the socket at `path`. Somebody else's folder under our name would give answers of
 * somebody else's: a folder or socket that another user owns or may change is refused by name in
 * `error`, which stays empty if nobody is there. -1 if it cannot be had. */
int server_place_connect(const char *path, struct buffer *error);

/* The port of the only socket in the folder that REVERB_CONTROL names, or else in all folders. 0 if
 * there is none, or more than one. */
uint16_t server_place_lone_port(void);

/* For root, who may look everywhere: a server of another user on that port. False if there is none;
 * `user` is whose it is. */
bool server_place_find_other(uint16_t port, struct buffer *path, struct buffer *user);
