/* The port, shared by all workers. Its listening sockets are given, if they can be had:
 *
 * - by systemd, which has opened them itself (socket activation) or has kept those of the former
 *   process (its descriptor store). Source: sd_listen_fds(3), sd_pid_notify_with_fds(3).
 * - by the server whose place this one takes.
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
    size_t activated_count; /* of them, the first: systemd listens on them anyway */
    uint16_t port;
    struct sockaddr_storage address;
    int other_fd;      /* of the predecessor, for something else than clients; -1: none */
    bool is_inherited; /* of a server with a control socket of the same port */
};

/* At least one socket for each worker. False, and one line in `error`, if there is none. */
bool server_listen_open(struct server_listen *listen, const struct config *config,
                        size_t workers_count, struct server_predecessor *predecessor,
                        struct buffer *error);

/* Gives copies to systemd to keep, which does so if its unit says so (FileDescriptorStoreMax). */
void server_listen_store(const struct server_listen *listen);

/* Whether anybody accepts connections on the port now that the workers do not. */
bool server_listen_is_answered(const struct server_listen *listen);

/* Nobody wants it. */
void server_listen_leave_other(struct server_listen *listen);

void server_listen_deinit(struct server_listen *listen);
