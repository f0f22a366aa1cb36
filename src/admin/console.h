/* The files of the browser's console, which the build has packed in: src/admin/console/, and
 * Dygraphs for the plots, if the machine that built the server has it.
 *
 * Thread: any.
 */
#pragma once

#include "http/response.h"

/* Fills in `response`; false if the console has no file of that path. */
bool admin_console_find(struct bytes path, struct http_response *response);
