/* `reverb listen CHANNEL` and `reverb publish CHANNEL EVENT JSON`: a client at the command line.
 *
 * Thread: main. Each takes `argv` from the command's own name on and returns the exit status: 0, or
 * 1 after one line on standard error.
 */
#pragma once

int cli_talk_listen(int argc, char **argv);
int cli_talk_publish(int argc, char **argv);
