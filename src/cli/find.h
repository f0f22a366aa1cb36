/* Finds the running server that a command is for, by its port: from `--port`, from the
 * configuration, or because only one server runs.
 *
 * Thread: main. Memory: the options point to the arguments themselves.
 */
#pragma once

#include "cli/options.h"

#include <stdint.h>

struct cli_find {
    const char *port; /* as given; NULL: not given */
    const char *config_file;
    const char *env_file;
};

/* Its options, for cli_options_parse(). */
#define CLI_FIND_OPTIONS(find)                                                 \
    {"--port", &(find)->port, NULL}, {"--config", &(find)->config_file, NULL}, \
    {                                                                          \
        "--env", &(find)->env_file, NULL                                       \
    }

/* False, and one line in `error`, if there is no way to know it. */
bool cli_find_server(const struct cli_find *find, uint16_t *port, struct buffer *error);
