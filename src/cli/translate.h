/* What another server of the same protocol is told by its configuration, in ours: soketi's and
 * sockudo's JSON, whose names differ in their letters alone, and laravel-websockets' array.
 *
 * Thread: main.
 */
#pragma once

#include "base/buffer.h"

#include <jansson.h>

/* A name of theirs, as in `adapter.driver`, and the value: a path whose parts are objects. Takes
 * `value`. */
void cli_translate_set(json_t *root, const char *path, json_t *value);

/* Adds every member of `object` to `root`, names in one spelling: "appManager.array.apps" is
 * `app_manager`, `array`, `apps`. */
void cli_translate_normalise(json_t *root, json_t *object);

/* Our configuration, for the caller to release. `notes` gets a line for whatever has no
 * counterpart, or means something else here. */
json_t *cli_translate(json_t *root, struct buffer *notes);
