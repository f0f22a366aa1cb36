/* The terminal of `reverb top`: a screen of its own, keys as they are pressed, and everything as it
 * was at the end, also by SIGINT, SIGTERM and SIGHUP.
 *
 * Thread: main. Life: one at a time, from open to close.
 */
#pragma once

#include "base/bytes.h"

#include <stdbool.h>

/* Whether standard input and output are one. */
bool cli_top_terminal_is_there(void);

void cli_top_terminal_open(void);
void cli_top_terminal_close(void);

/* The lines of the screen, as it is now. */
size_t cli_top_terminal_rows(void);

/* Replaces what the screen shows. */
void cli_top_terminal_show(struct bytes text);

/* Waits for a key. 0: none was pressed, or the size has changed; -1: a signal
 * has come, or the terminal has gone. */
int cli_top_terminal_key(unsigned within_ms);

/* Ends the process by the signal that has come, if one has; after the close. */
void cli_top_terminal_die(void);
