/* `reverb bench SCENARIO`: measures a server. Thread: main. */
#pragma once

/* `argv` begins with the command's own name. Returns the exit status: 0, or 1 if a message was
 * lost, doubled or out of order, or after one line on standard error. */
int cli_bench(int argc, char **argv);
