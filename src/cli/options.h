/* Reads a command's options: `--port=9000`, `--port 9000`, `--debug`.
 *
 * Thread: main.
 * Memory: the options point to the arguments themselves.
 */
#pragma once

#include "base/buffer.h"
#include "config/config.h"

struct cli_options_spec {
    const char *name;  /* with its dashes */
    const char **text; /* where its value goes; NULL for an option that takes none */
    bool *flag;        /* set if it is given; NULL for one that takes a value */
};

/* `argv` begins with the command's own name, as main()'s does, and has options only. If an option
 * is given twice, the last one counts. False, and one line in `error` that names what is wrong and
 * the nearest right option, if it is none of `spec`. */
bool cli_options_parse(const struct cli_options_spec *spec, size_t count, int argc,
                       char *const *argv, struct buffer *error);

/* Each line is one mistake. */
void cli_options_print_errors(struct bytes lines);

/* The options of `start`. */
bool cli_options_start(int argc, char *const *argv, struct config_options *options,
                       struct buffer *error);

/* The options of `start` that concern the configuration, for the other commands that read it; with
 * `wants_check` also `--check`, which `config` alone has. */
bool cli_options_config(int argc, char *const *argv, struct config_options *options,
                        bool *wants_check, struct buffer *error);
