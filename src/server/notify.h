/* Notifies systemd of the server's state: `Type=notify` and its watchdog. Source: sd_notify(3).
 * Does nothing if the environment does not ask for it (NOTIFY_SOCKET, WATCHDOG_USEC).
 *
 * Thread: main.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1". */
void server_notify(const char *state);

/* With copies of descriptors beside it: "FDSTORE=1". */
void server_notify_with(const char *state, const int *fds, size_t fds_count);

/* Whether systemd receives notifications. */
bool server_notify_is_heard(void);

/* Whether systemd expects "WATCHDOG=1". */
bool server_notify_is_watched(void);
