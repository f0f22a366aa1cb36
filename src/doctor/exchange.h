/* One HTTP request to a server or the proxy in front of it, and what comes back.
 *
 * Thread: owner; it waits, some seconds at most.
 */
#pragma once

#include "base/buffer.h"
#include "client/server.h"

struct doctor_exchange {
    struct buffer in;
    unsigned status;
    struct bytes head; /* borrowed from `in` */
    struct bytes body; /* its beginning */
};

/* Sends `request` on a connection of its own. False, and one line in `error`, if there is no
 * connection, or no HTTP response. doctor_exchange_deinit() in any case. */
bool doctor_exchange_run(struct doctor_exchange *exchange, const struct client_server *server,
                         struct bytes request, struct buffer *error);

/* The header's value; absent if there is none. */
struct bytes doctor_exchange_header(const struct doctor_exchange *exchange, const char *name);

void doctor_exchange_deinit(struct doctor_exchange *exchange);
