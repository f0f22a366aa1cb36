/* Where Redis is, written as one URL: redis://user:password@host:6379/0?timeout=5, rediss:// or
 * tls:// with TLS, unix:///path?db=1. Taken apart as Laravel does.
 *
 * Thread: any.
 */
#pragma once

#include <stdbool.h>

/* NULL where the URL does not say it; "" is said: there is none. */
struct config_redis_url {
    char *scheme;
    char *host; /* for unix: its path */
    char *port;
    char *username;
    char *password;
    char *database;
    char *timeout;
    bool has_more; /* options that mean nothing here */
};

/* Fills `url`, which config_redis_url_deinit() empties. NULL, or what is wrong with the URL, which
 * holds nothing of it: it may be a part of the password. */
const char *config_redis_url_parse(const char *text, struct config_redis_url *url);

void config_redis_url_deinit(struct config_redis_url *url);
