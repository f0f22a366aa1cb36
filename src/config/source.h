/* Records where each value came from, for `reverb config` and for messages.
 *
 * Thread: main.
 */
#pragma once

#include "config/config.h"
#include "config/setting.h"

/* In place of an app's index: the setting is the server's. */
#define CONFIG_SOURCE_SERVER ((size_t)-1)

struct config_source {
    const struct config_setting *setting;
    size_t app; /* index in `apps`, or CONFIG_SOURCE_SERVER */
    char *where;
};

/* Stores a copy of `where`; a later call for the same setting replaces it. */
void config_source_set(struct config *config, const struct config_setting *setting, size_t app,
                       const char *where);

/* Where the server's field at offset `at` came from. */
const char *config_source_of_server(const struct config *config, size_t at);

void config_source_free_all(struct config *config);
