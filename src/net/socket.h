/* Socket calls that differ between systems: listening on one port from several workers, accepting
 * and connecting.
 *
 * Linux gives each worker a listening socket of its own and shares the connections out
 * (SO_REUSEPORT). Elsewhere the workers share one socket.
 *
 * Thread: any.
 */
#pragma once

#include "base/ip.h"

#include <sys/socket.h>

/* Returns a bound and listening, non-blocking socket, or a negative UV_E…. `port` is in and out: 0
 * lets the system choose. `host` may be a Unix socket (net/unix_socket.h), which has no port. With
 * `is_shared` further sockets may listen on the same port. */
int net_socket_listen(const char *host, uint16_t *port, bool is_shared);

/* Another listening socket on the port of `listener`, for another worker. */
int net_socket_listen_again(int listener);

/* Another descriptor of `listener`, with the same accept queue, for another worker. */
int net_socket_share(int listener);

/* Prepares a listening socket that another process has opened. False if `fd` is not one. */
bool net_socket_take(int fd);

/* Whether the socket listens on that host and port; any port matches if `port` is 0. */
bool net_socket_is_at(int fd, const char *host, uint16_t port);

/* The address on which it listens; a Unix socket leaves `port` as it is. 0 or a negative UV_E…. */
int net_socket_address(int fd, struct sockaddr_storage *address, uint16_t *port);

/* Whether a server accepts connections at `address`, which is on this machine. */
bool net_socket_is_answered(const struct sockaddr_storage *address);

/* Checks that no other server listens there, which a shared port would hide. 0 or a negative
 * UV_E…. */
int net_socket_probe(const char *host, uint16_t port);

/* Returns a non-blocking connection with TCP_NODELAY, or a negative UV_E…. */
int net_socket_accept(int listener);

/* The bytes in the kernel that the peer has not acknowledged; 0 if the system does not say. */
size_t net_socket_unacknowledged(int fd);

/* Returns a non-blocking socket that is connecting to `address`, or a negative UV_E…. Over TCP it
 * has TCP_NODELAY and keepalive. It becomes writable when it has connected or failed. */
int net_socket_connect(const struct sockaddr *address, socklen_t address_len);

/* The result of net_socket_connect(): 0 or a negative UV_E…. */
int net_socket_connected(int fd);

/* The address of a connected socket's peer. False if it has gone. */
bool net_socket_peer(int fd, struct ip *peer);
