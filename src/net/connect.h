/* Connecting to a server: its name, its addresses one after the other, and TLS.
 *
 * Thread: owner, whose loop it is.
 * Life: net_connect() to `on_done` or net_connect_cancel(); the loop is closed after it.
 */
#pragma once

#include "net/conn.h"

struct net_connecting; /* an attempt under way */

/* With the connection, or with NULL and an error message, borrowed until it returns:
 * "connection refused", "certificate verify failed: self-signed certificate", "timed out after
 * 3 s". */
typedef void (*net_connect_fn)(struct net_conn *conn, const char *error, void *user);

/* Resolves `host`, or takes a path that begins with '/' as a Unix socket, and connects. With `tls`,
 * a client's that must outlive the attempt, it does the handshake too. `on_done` is called once, in
 * a later turn; from then on the connection reports to `events` with `user`. `timeout_ms` covers
 * all of it.
 */
struct net_connecting *net_connect(struct net_loop *loop, const char *host, uint16_t port,
                                   struct net_tls *tls, uint64_t timeout_ms,
                                   const struct net_conn_events *events, void *user,
                                   net_connect_fn on_done);

/* Cancels the attempt, before `on_done`, which is then not called. */
void net_connect_cancel(struct net_connecting *connecting);
