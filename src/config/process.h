/* Runs a short program and collects its output, within a bounded time.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"

struct config_process_result {
    struct buffer out; /* its standard output */
    struct buffer err; /* the beginning of its standard error */
    int status;        /* its exit status, or 128 plus the signal that killed it */
    bool is_timed_out;
    bool is_too_long; /* its output was too long; it was killed */
};

/* The path at which the shell would find the program, for the caller to free(); NULL if none. */
char *config_process_find(const char *name);

/* 0, or an errno if it could not be started. `arguments` and `environment` end with NULL. A
 * program that takes longer is killed with all that it started. */
int config_process_run(const char *path, char *const *arguments, char *const *environment,
                       int timeout_ms, struct config_process_result *result);

void config_process_result_deinit(struct config_process_result *result);
