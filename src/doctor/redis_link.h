/* A connection to Redis that waits for each reply.
 *
 * Thread: owner. Errors are texts without secrets.
 */
#pragma once

#include "base/buffer.h"
#include "config/config.h"
#include "net/tls.h"

#include <hiredis.h>

struct doctor_redis_link {
    int fd;
    struct net_tls *tls;
    struct net_tls_session *session;
    redisReader *reader;
    const char *failure; /* why the last reply did not come */
};

/* Connects to `address`, "HOST:PORT", "HOST" or the path of a Unix socket. False, and the reason in
 * `error`, if that fails. doctor_redis_link_close() in any case. */
bool doctor_redis_link_open(struct doctor_redis_link *link, const struct config_scaling *scaling,
                            const char *address, uint16_t port_default, struct buffer *error);

/* Sends the words, up to NULL, and returns the reply, for the caller to release by
 * freeReplyObject(). NULL if none came: `failure` says why. */
redisReply *doctor_redis_link_ask(struct doctor_redis_link *link, const char *word, ...)
    __attribute__((sentinel));

void doctor_redis_link_close(struct doctor_redis_link *link);
