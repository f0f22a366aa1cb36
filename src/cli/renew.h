/* `reverb renew COMMAND…`: execs that command with only the standard streams open. For `php artisan
 * reverb:start`, which execs itself when it is restarted and cannot close the descriptors that
 * libraries have opened; not meant for users.
 *
 * Thread: main. Returns only if the command cannot be run: 1, after one line on standard error.
 */
#pragma once

int cli_renew(int argc, char **argv);
