/* `reverb mind PID`: minds the process group of that child until it has ended (server/mind.h). For
 * a server that was succeeded and execs this, as it has a thread that cannot be ended; not meant
 * for users.
 *
 * Thread: main.
 */
#pragma once

int cli_mind(int argc, char **argv);
