/* Parses the URL of a Redis: redis://user:password@host:6379/0?timeout=5, rediss:// or tls:// with
 * TLS, unix:///path?db=1. As Laravel does.
 *
 * Thread: any.
 */
#pragma once

#include <stdbool.h>

/* A field is NULL if the URL does not have it; "" means that it is explicitly none. */
struct config_redis_url {
    char *scheme;
    char *host; /* for unix: its path */
    char *port;
    char *username;
    char *password;
    char *database;
    char *timeout;
    bool has_more; /* it has options without a meaning here */
};

/* Fills `url`; release with config_redis_url_deinit(). NULL, or an error message, which quotes
 * nothing of the URL: that might be part of the password. */
const char *config_redis_url_parse(const char *text, struct config_redis_url *url);

void config_redis_url_deinit(struct config_redis_url *url);
