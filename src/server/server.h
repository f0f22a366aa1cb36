/* The whole server: workers, signals, reloads, its end.
 *
 * Thread: main.
 */
#pragma once

#include "config/config.h"
#include "server/worker.h"

/* Runs until it is told to end. `options` are what `config` was loaded with, for reloads. Returns
 * the exit status: 0, or 1 after one line on standard error. Takes `config`. */
int server_run(const struct config_options *options, struct config *config);
