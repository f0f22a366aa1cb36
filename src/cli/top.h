/* `reverb top`: what the running server does, anew each second; once if its output is no terminal.
 *
 * Thread: main. Takes `argv` from the command's own name on and returns the exit status: 0, or 1
 * after one line on standard error.
 */
#pragma once

int cli_top(int argc, char **argv);
