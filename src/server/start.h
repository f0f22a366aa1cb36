/* What a server is started with.
 *
 * Thread: main.
 */
#pragma once

#include "config/config.h"
#include "server/predecessor.h"

struct server_start {
    const struct config_options *options; /* that `config` was loaded with, for reloads */
    struct config *config;                /* taken */
    char *const *argv;                    /* of the whole program: a restart runs it again */
    struct server_predecessor *predecessor;
};
