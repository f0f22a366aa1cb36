/* A TCP connection to the server, plain or TLS. Reads and writes wait up to CLIENT_STREAM_WAIT_S;
 * after client_stream_stop_waiting() only writes do.
 *
 * Thread: owner.
 */
#pragma once

#include "client/server.h"

#include <sys/types.h>

#define CLIENT_STREAM_WAIT_S 20

struct client_stream {
    int fd;
    void *tls; /* OpenSSL's session; NULL for a plain one */
};

/* Connects. False, and one line in `error`, if that fails; then there is nothing to close. */
bool client_stream_open(struct client_stream *stream, const struct client_server *server,
                        struct buffer *error);

/* From now on reads do not wait. */
void client_stream_stop_waiting(struct client_stream *stream);

/* As read(): 0 at the end, -1 with errno on failure, which is EAGAIN if nothing has come. */
ssize_t client_stream_read(struct client_stream *stream, char *out, size_t len);

/* Writes all of it; false if the connection has failed. */
bool client_stream_write(struct client_stream *stream, struct bytes data);

void client_stream_close(struct client_stream *stream); /* twice is fine */
