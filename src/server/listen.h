/* The listening sockets of all workers. They are taken over, if possible:
 *
 * - from systemd, which has opened them itself (socket activation) or has stored those of the
 *   former process (its descriptor store). Source: sd_listen_fds(3), sd_pid_notify_with_fds(3).
 * - from the server that this one succeeds.
 *
 * Thread: main, before the workers start.
 */
#pragma once

#include "config/config.h"
#include "server/predecessor.h"

#include <sys/socket.h>

struct server_listen {
    int *fds; /* for the workers to take; there is room for one more */
    size_t count;
    size_t activated_count; /* the first ones, on which systemd always listens */
    uint16_t port;
    struct sockaddr_storage address;
    int other_fd;      /* the predecessor's administration socket; -1: none */
    bool is_inherited; /* from a server with a control socket of the same port */
};

/* Gets at least one socket for each worker. False, and one line in `error`, if that fails. */
bool server_listen_open(struct server_listen *listen, const struct config *config,
                        size_t workers_count, struct server_predecessor *predecessor,
                        struct buffer *error);

/* Whether a server could listen there now: opens the port, and closes it again. False, and one line
 * in `error`, if not. */
bool server_listen_check(const struct config *config, struct buffer *error);

/* Sends copies to systemd, which stores them if the unit allows it (FileDescriptorStoreMax). */
void server_listen_store(const struct server_listen *listen);

/* Whether another process accepts connections on the port now that the workers do not. */
bool server_listen_is_answered(const struct server_listen *listen);

/* Closes `other_fd`, which is not needed. */
void server_listen_leave_other(struct server_listen *listen);

void server_listen_deinit(struct server_listen *listen);
