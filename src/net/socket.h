/* Where systems differ: listening on one port from several workers, accepting and connecting.
 *
 * Linux gives each worker a listening socket of its own and shares the connections out
 * (SO_REUSEPORT). Elsewhere the workers share one socket.
 *
 * Thread: any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* A bound and listening, non-blocking socket, or a negative UV_E…. `port` is in and out: 0 lets the
 * system choose. With `is_shared` further sockets may listen on the same port. */
int net_socket_listen(const char *host, uint16_t *port, bool is_shared);

/* One more listener on the port of `listener`, for another worker. */
int net_socket_listen_again(int listener);

/* One more for another worker that takes from the same queue as `listener`. */
int net_socket_share(int listener);

/* Prepares a listening socket that another process has opened. False if it is none. */
bool net_socket_take(int fd);

/* Whether the socket listens on that port and host; on any port if `port` is 0. */
bool net_socket_is_at(int fd, const char *host, uint16_t port);

/* Where it listens: 0 or a negative UV_E…. */
int net_socket_address(int fd, struct sockaddr_storage *address, uint16_t *port);

/* Whether somebody accepts connections there; on this machine that is known at once. */
bool net_socket_is_answered(const struct sockaddr_storage *address);

/* Whether nobody else listens there: with shared ports a second server would not notice. */
int net_socket_probe(const char *host, uint16_t port);

/* A non-blocking connection that sends at once (TCP_NODELAY), or a negative UV_E…. */
int net_socket_accept(int listener);

/* What the kernel has taken to send and the peer has not acknowledged; 0 where the system does not
 * say. */
size_t net_socket_unacknowledged(int fd);

/* A non-blocking socket that is on its way to `address`; over TCP it sends at once and notices a
 * peer that is gone. It is writable when it has arrived or failed. Or a negative UV_E…. */
int net_socket_connect(const struct sockaddr *address, socklen_t address_len);

/* How net_socket_connect() ended: 0 or a negative UV_E…. */
int net_socket_connected(int fd);
