/* `reverb doctor`: says what is wrong with a set-up, and which line mends it.
 *
 * Thread: main.
 */
#pragma once

/* `argv` begins with the command's own name. Returns the exit status: 0, or 1 if there is a fault.
 */
int cli_doctor(int argc, char **argv);
