#include "cli/start.h"

#include "base/log.h"
#include "base/printable.h"
#include "cli/options.h"
#include "server/server.h"

#include <stdio.h>

int cli_start(int argc, char **argv)
{
    struct config_options options = {0};
    struct buffer error = {0};
    struct buffer warnings = {0};
    struct config *config = NULL;
    int status = 1;

    if (cli_options_start(argc, argv, &options, &error))
        config = config_load(&options, &error, &warnings);
    if (config == NULL) {
        printable_print_line(stderr, "reverb: %s", buffer_text(&error));
    } else {
        log_init((struct log_options){.level = config->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
                                      .json = config->log_json});
        log_warn_lines(buffer_bytes(&warnings));
        status = server_run(&options, config);
    }
    buffer_deinit(&error);
    buffer_deinit(&warnings);
    return status;
}
