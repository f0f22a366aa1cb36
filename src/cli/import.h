/* `reverb import FILE`: prints what another server's configuration comes to here.
 *
 * Thread: main.
 */
#pragma once

int cli_import(int argc, char **argv);
