/* Tells systemd how the server is: `Type=notify` and its watchdog. Source: sd_notify(3). Does
 * nothing where nobody asked for it (NOTIFY_SOCKET, WATCHDOG_USEC).
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

/* Whether there is somebody who is told. */
bool server_notify_is_heard(void);

/* Whether "WATCHDOG=1" is waited for. */
bool server_notify_is_watched(void);
