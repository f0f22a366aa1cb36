/* The listening socket of the administration listener: TCP or Unix.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"
#include "config/address.h"

#include <stdint.h>

/* Returns the descriptor, or -1 and one line in `error`. `port` gets the port that the system chose
 * for 0. */
int admin_listen(const struct config_address *address, uint16_t *port, struct buffer *error);

/* Whether `fd`, a listening socket of another process, has that address; if it has, it is made
 * ready for use here. */
bool admin_listen_is_at(int fd, const struct config_address *address, uint16_t *port);

/* Removes the file of a Unix socket. */
void admin_listen_forget(const struct config_address *address);
