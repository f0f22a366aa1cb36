/* The whole server: workers, signals, reloads, its end.
 *
 * Thread: main.
 */
#pragma once

#include "config/config.h"
#include "server/predecessor.h"
#include "server/worker.h"

struct server_start {
    const struct config_options *options; /* that `config` was loaded with, for reloads */
    struct config *config;                /* taken */
    char *const *argv;                    /* of the whole program: a restart runs it again */
    struct server_predecessor *predecessor;
};

/* Runs until it is asked to end. Returns the exit status: 0, or 1 with one line in `error`. */
int server_run(const struct server_start *start, struct buffer *error);
