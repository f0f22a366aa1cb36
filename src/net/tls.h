/* TLS 1.2 and 1.3 with OpenSSL, over a connected socket.
 *
 * Thread: a `net_tls` any; a session the connection's owner.
 */
#pragma once

#include "base/buffer.h"
#include "config/config.h"

#include <sys/types.h>

/* The largest record; also the most that is encrypted at once. */
#define NET_TLS_RECORD_LEN_MAX 16384

struct net_tls;         /* certificate and settings, shared by all connections */
struct net_tls_session; /* one connection */

/* NULL if the certificate cannot be used; `error` then says which file and why. */
struct net_tls *net_tls_new(const struct config_tls *settings, struct buffer *error);

/* The client side: for connections to servers. `local_cert` and `local_pk` are the client's
 * certificate and may be NULL; without `cafile` and `capath` the system's authorities are trusted.
 */
struct net_tls *net_tls_new_client(const struct config_tls *settings, struct buffer *error);

void net_tls_free(struct net_tls *tls);

/* One thread alone: main, or the one whose connections a client side is for. Reads the files again;
 * new connections get the new certificate. False, and the old one stays in use, if it cannot be
 * used. */
bool net_tls_reload(struct net_tls *tls, const struct config_tls *settings, struct buffer *error);

/* When the certificate expires, in Unix time; 0 if there is none. */
int64_t net_tls_expires_s(struct net_tls *tls);

/* Whether a file of the certificate, or of the authorities, has changed since it was read. */
bool net_tls_is_stale(struct net_tls *tls);

/* Like net_tls_reload(), if a file has changed; a change that is wrong is reported once. */
bool net_tls_refresh(struct net_tls *tls, struct buffer *error);

struct net_tls_session *net_tls_session_new(struct net_tls *tls, int fd);

/* A session with the server `host`, a name or an IP address, which with `verify_peer` its
 * certificate must name. NULL `host`: any certificate of the authorities will do. */
struct net_tls_session *net_tls_session_new_client(struct net_tls *tls, int fd, const char *host);

/* Continues a client's handshake: true when it is done. False with errno EAGAIN: call again when
 * the socket is readable, or writable if `*wants_write`. False with another errno: it failed, and
 * `error` says why. */
bool net_tls_handshake(struct net_tls_session *session, bool *wants_write, struct buffer *error);

void net_tls_session_free(struct net_tls_session *session); /* NULL is fine */

/* Like read(): 0 at the end, -1 with errno EAGAIN for later, -1 with another errno if it failed. */
ssize_t net_tls_read(struct net_tls_session *session, char *out, size_t len);

/* Like write(), of NET_TLS_RECORD_LEN_MAX at most. After EAGAIN the next call must begin with the
 * same bytes. */
ssize_t net_tls_write(struct net_tls_session *session, const char *data, size_t len);

/* Whether decrypted bytes wait to be read, for which the socket is not reported as readable. */
bool net_tls_has_decrypted(const struct net_tls_session *session);

/* Sends close_notify: nothing more is sent. */
void net_tls_end(struct net_tls_session *session);
