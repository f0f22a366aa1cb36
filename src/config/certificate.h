/* Finds the certificate that Laravel Herd or Valet has for a site on the developer's machine.
 *
 * Thread: main; searches below $HOME.
 */
#pragma once

#include <stdbool.h>

/* `hostname` may be a URL. True if both files are there: Herd's before Valet's. The paths are
 * for the caller to free(). */
bool config_certificate_find(const char *hostname, char **certificate, char **key);
