/* `reverb import FILE`: prints another server's configuration as one of this server.
 *
 * Thread: main.
 */
#pragma once

int cli_import(int argc, char **argv);
