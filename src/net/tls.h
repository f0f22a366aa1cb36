/* TLS 1.2 and 1.3 by OpenSSL, over a socket that is connected already.
 *
 * Thread: a `net_tls` any; a session the connection's owner.
 */
#pragma once

#include "base/buffer.h"
#include "config/config.h"

#include <sys/types.h>

/* What one record may hold; also what is encrypted at one go. */
#define NET_TLS_RECORD_LEN_MAX 16384

struct net_tls;         /* certificate and settings, shared by all connections */
struct net_tls_session; /* one connection */

/* NULL where the certificate cannot be used; `error` then says which file and why. */
struct net_tls *net_tls_new(const struct config_tls *settings, struct buffer *error);

/* The other side of it: for connections to servers. `local_cert` and `local_pk` are shown to those
 * who ask and may be NULL; without `cafile` and `capath` the system's authorities are believed. */
struct net_tls *net_tls_new_client(const struct config_tls *settings, struct buffer *error);

void net_tls_free(struct net_tls *tls);

/* Main alone. Reads the files again; connections from now on get the new certificate. False, and
 * the old one stays, where it cannot be used. */
bool net_tls_reload(struct net_tls *tls, const struct config_tls *settings, struct buffer *error);

/* Whether a file of the certificate is another than the one in use. */
bool net_tls_is_stale(struct net_tls *tls);

struct net_tls_session *net_tls_session_new(struct net_tls *tls, int fd);

/* A session with the server called `host`, a name or an IP address; with `verify_peer` its
 * certificate must be for that. NULL `host`: whoever the authorities know will do. */
struct net_tls_session *net_tls_session_new_client(struct net_tls *tls, int fd, const char *host);

/* A client's handshake, as far as it goes: true when it is done. False with errno EAGAIN for later,
 * when the socket is readable, or writable where `wants_write` says so; with another errno it
 * failed and `error` says why. */
bool net_tls_handshake(struct net_tls_session *session, bool *wants_write, struct buffer *error);

void net_tls_session_free(struct net_tls_session *session); /* NULL is fine */

/* As read(): 0 at the end, -1 with errno EAGAIN for later, -1 with another errno where it failed.
 */
ssize_t net_tls_read(struct net_tls_session *session, char *out, size_t len);

/* As write(), of NET_TLS_RECORD_LEN_MAX at most. After EAGAIN the next call must begin with the
 * same bytes. */
ssize_t net_tls_write(struct net_tls_session *session, const char *data, size_t len);

/* Whether bytes wait that the socket no longer shows. */
bool net_tls_has_decrypted(const struct net_tls_session *session);

/* Tells the peer that nothing more comes. */
void net_tls_end(struct net_tls_session *session);
