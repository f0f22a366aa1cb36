/* Runs a short program and takes what it writes, within a bounded time.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"

struct config_process_result {
    struct buffer out; /* what it wrote to standard output */
    struct buffer err; /* the beginning of what it wrote to standard error */
    int status;        /* its exit status; 128 and the signal that killed it */
    bool is_timed_out;
    bool is_too_long; /* its output was; it was killed */
};

/* The path of the program as the shell would find it, for the caller to free(); NULL if not. */
char *config_process_find(const char *name);

/* 0, or an errno where it could not be started. `arguments` and `environment` end with NULL. A
 * program that takes longer is killed with all that it started. */
int config_process_run(const char *path, char *const *arguments, char *const *environment,
                       int timeout_ms, struct config_process_result *result);

void config_process_result_deinit(struct config_process_result *result);
