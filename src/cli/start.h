/* `reverb start`: runs the server. Thread: main. */
#pragma once

/* `argv` begins with the command's own name. Returns the exit status: 0, or 1 after one line on
 * standard error. */
int cli_start(int argc, char **argv);
