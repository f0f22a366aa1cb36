/* What is left of a process whose place as the server was taken by one that it has started: a
 * process manager knows it by its number. It hands on the signals, and ends with the server. Those
 * that follow become its children.
 *
 * Thread: main, which is the only one.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* From now on signals wait for server_mind(). */
void server_mind_block_signals(void);

/* That a child's children become ours if the child ends. False where the system does not know. */
bool server_mind_adopts(void);

/* Until the process group of `child` is empty. Returns the exit status of the last one. */
int server_mind(pid_t child);
