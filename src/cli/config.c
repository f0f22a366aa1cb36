#include "cli/config.h"

#include "base/printable.h"
#include "cli/options.h"
#include "config/free.h"
#include "config/load.h"
#include "config/print.h"
#include "server/check.h"

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

static bool show(const struct config *config, struct buffer *error)
{
    struct buffer out = {0};
    bool ok;

    config_print(config, &out);
    ok = fwrite(out.data, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
    if (!ok)
        buffer_append_text(error, "the configuration cannot be written to standard output");
    buffer_deinit(&out);
    return ok;
}

static bool check(const struct config *config, struct buffer *error)
{
    if (!server_check(config, error))
        return false;
    printf("A server can start with this configuration.\n");
    return true;
}

int cli_config(int argc, char **argv)
{
    struct config_options options;
    struct config *config = NULL;
    struct buffer warnings = {0};
    struct buffer error = {0};
    bool wants_check;
    bool ok = cli_options_config(argc, argv, &options, &wants_check, &error);

    if (ok)
        config = config_load(&options, &error, &warnings);
    print_warnings(&warnings);
    ok = config != NULL && (wants_check ? check(config, &error) : show(config, &error));
    if (!ok)
        cli_options_print_errors(buffer_bytes(&error));
    config_free(config);
    buffer_deinit(&warnings);
    buffer_deinit(&error);
    return ok ? 0 : 1;
}
