/* The webhooks of an app of soketi or sockudo, in our form.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"

#include <jansson.h>

/* Of what has no counterpart there is a line in `notes`. `delay_ms`: how long events wait for
 * others; below 0 each is sent alone. */
json_t *cli_translate_webhook_list(json_t *theirs, double delay_ms, const char *app_id,
                                   struct buffer *notes);
