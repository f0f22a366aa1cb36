/* A listening address: `127.0.0.1:9100`, `[::1]:9100`, `:9100`, `unix:/run/reverb/admin.sock`.
 *
 * Thread: any.
 */
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

/* The kernel's limit for a Unix socket's path, with its NUL. */
#define CONFIG_ADDRESS_PATH_LEN_MAX 108
#define CONFIG_ADDRESS_HOST_LEN_MAX 256

struct config_address {
    const char *text; /* as given; borrowed */
    bool is_unix;
    char path[CONFIG_ADDRESS_PATH_LEN_MAX];
    char host[CONFIG_ADDRESS_HOST_LEN_MAX]; /* without brackets */
    uint16_t port;
};

/* False, and the expected form in `error`, if `text` is no address. */
bool config_address_parse(const char *text, struct config_address *address, struct buffer *error);

/* Whether only programs on this machine reach it. */
bool config_address_is_loopback(const struct config_address *address);
