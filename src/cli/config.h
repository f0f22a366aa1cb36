/* `reverb config`: prints the resolved configuration, and where each value came from.
 *
 * Thread: main.
 */
#pragma once

/* `argv` begins with the command's own name and takes the options of `start`. With `--check` it
 * does what a start does before it serves: opens certificate and key, and the ports; nothing is
 * printed but the result. Returns the exit status: 0, or 1 after one line on standard error. */
int cli_config(int argc, char **argv);
