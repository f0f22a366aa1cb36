/* Finds the certificate that Laravel Herd or Valet keeps for a site of the developer's machine.
 *
 * Thread: main; $HOME says where.
 */
#pragma once

#include <stdbool.h>

/* `hostname` may be a URL. True where both files are there: Herd's before Valet's. The paths are
 * for the caller to free(). */
bool config_certificate_find(const char *hostname, char **certificate, char **key);
