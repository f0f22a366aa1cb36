/* The minder: a former server that was succeeded by a process that it started itself, and stays
 * because the process manager knows its pid. It forwards signals, and ends with the server. Later
 * servers become its children.
 *
 * Thread: main, which is the only one.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* Blocks, on this thread, the signals that server_mind() handles, until it does. `before`: receives
 * what was blocked until now; NULL: it is not wanted. Threads that inherit this never get one: else
 * it would be lost if it comes while the main thread blocks it. */
void server_mind_block_signals(sigset_t *before);

/* Makes a child's children ours when the child ends. False if the system does not support it. */
bool server_mind_adopts(void);

/* The same by another program in this process's place, for one whose threads cannot be ended; never
 * returns. Its descriptors are closed. */
_Noreturn void server_mind_exec(const char *program, pid_t child);

/* Runs until the process group of `child` is empty. Returns the exit status of the last process. */
int server_mind(pid_t child);
