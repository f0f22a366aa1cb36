/* `reverb renew COMMAND…`: becomes that command, with the standard streams and nothing else open.
 * For `php artisan reverb:start`, which puts itself in its own place when it is restarted and
 * cannot close what libraries have opened; no user needs it.
 *
 * Thread: main. Returns only if the command cannot be run: 1, after one line on standard error.
 */
#pragma once

int cli_renew(int argc, char **argv);
