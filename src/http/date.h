/* The header that says when a response was made: RFC 9110 section 6.6.1.
 *
 * Thread: any; each has its own line, written anew once a second.
 */
#pragma once

#include "base/bytes.h"

#include <time.h>

#define HTTP_DATE_LINE_LEN 37

/* `Date: Sun, 06 Nov 1994 08:49:37 GMT` with its CRLF; borrowed until the next call. */
struct bytes http_date_line(void);

/* Writes the line of that time; without a NUL at its end. */
void http_date_write(time_t at_s, char line[HTTP_DATE_LINE_LEN]);
