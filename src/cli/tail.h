/* `reverb tail`: prints what happens in the running server as it happens, and `reverb why`: what
 * became of a connection.
 *
 * Thread: main. Each takes `argv` from the command's own name on and returns the exit status: 0, or
 * 1 after one line on standard error.
 */
#pragma once

int cli_tail(int argc, char **argv);
int cli_tail_why(int argc, char **argv);
