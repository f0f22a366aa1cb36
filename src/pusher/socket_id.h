/* A connection's socket id: "1234.5678", two numbers from 1 to 10⁹, stored as one of 64 bits that
 * is never 0. The first number modulo the count of workers is the worker that has the connection:
 * so no two workers assign the same id. Pusher Channels protocol 7.
 *
 * Thread: any.
 */
#pragma once

#include "base/bytes.h"

/* Its text and a NUL. */
#define PUSHER_SOCKET_ID_LEN_MAX 24

/* A random id of that worker; another connection may have it already. */
uint64_t pusher_socket_id_draw(size_t worker, size_t workers_count);

size_t pusher_socket_id_worker(uint64_t socket_id, size_t workers_count);

/* Writes its text; returns the length. */
size_t pusher_socket_id_write(uint64_t socket_id, char out[PUSHER_SOCKET_ID_LEN_MAX]);

/* Parses the text; 0 if it is no socket id. */
uint64_t pusher_socket_id_parse(struct bytes text);
