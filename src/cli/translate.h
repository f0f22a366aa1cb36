/* Translates the configuration of other servers of the same protocol into ours: soketi's and
 * sockudo's JSON, whose names differ only in their spelling, and laravel-websockets' array.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"

#include <jansson.h>

/* Sets `value` at `path`, names of the other server joined by dots, as in `adapter.driver`; makes
 * the objects on the way. Takes `value`. */
void cli_translate_set(json_t *root, const char *path, json_t *value);

/* Adds every member of `object` to `root`, with names in one spelling: "appManager.array.apps"
 * becomes `app_manager`, `array`, `apps`. */
void cli_translate_normalise(json_t *root, json_t *object);

/* Returns our configuration, for the caller to release. `notes` gets a line for each setting that
 * has no counterpart or has another meaning here. */
json_t *cli_translate(json_t *root, struct buffer *notes);
