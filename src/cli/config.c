#include "cli/config.h"

#include "base/printable.h"
#include "cli/options.h"
#include "config/free.h"
#include "config/load.h"
#include "config/print.h"

#include <stdio.h>

static void print_warnings(const struct buffer *warnings)
{
    struct bytes rest = buffer_bytes(warnings);
    struct bytes line;

    while (bytes_next(&rest, '\n', &line)) {
        if (line.len > 0)
            printable_print_line(stderr, "reverb: warning: %.*s", BYTES_ARGS(line));
    }
}

static bool show(const struct config_options *options, struct buffer *error)
{
    struct buffer warnings = {0};
    struct buffer out = {0};
    struct config *config = config_load(options, error, &warnings);
    bool ok = config != NULL;

    print_warnings(&warnings);
    if (ok) {
        config_print(config, &out);
        ok = fwrite(out.data, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
        if (!ok)
            buffer_append_text(error, "the configuration cannot be written to standard output");
    }
    config_free(config);
    buffer_deinit(&out);
    buffer_deinit(&warnings);
    return ok;
}

int cli_config(int argc, char **argv)
{
    struct config_options options;
    struct buffer error = {0};
    bool ok = cli_options_config(argc, argv, &options, &error) && show(&options, &error);

    if (!ok)
        cli_options_print_errors(buffer_bytes(&error));
    buffer_deinit(&error);
    return ok ? 0 : 1;
}
