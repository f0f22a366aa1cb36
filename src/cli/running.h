/* The commands for a running server: `reverb status`, `stop`, `restart`, `reload`. The port, from
 * `--port` or from the configuration, identifies the server.
 *
 * Thread: main. Each takes `argv` from the command's own name on and returns the exit status: 0, or
 * 1 after one line on standard error.
 */
#pragma once

int cli_running_status(int argc, char **argv);
int cli_running_stop(int argc, char **argv);
int cli_running_restart(int argc, char **argv);
int cli_running_reload(int argc, char **argv);
int cli_running_webhooks(int argc, char **argv);
