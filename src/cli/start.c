#include "cli/start.h"

#include "base/log.h"
#include "cli/options.h"
#include "server/server.h"

static int run(int argc, char **argv, struct server_predecessor *predecessor, struct buffer *error)
{
    struct config_options options = {0};
    struct buffer warnings = {0};
    struct server_start start = {
        .options = &options,
        .argv = argv - 1, /* the program's own name stands before the command's */
        .predecessor = predecessor,
    };

    if (cli_options_start(argc, argv, &options, error))
        start.config = config_load(&options, error, &warnings);
    if (start.config != NULL) {
        log_init((struct log_options){
            .level = start.config->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
            .json = start.config->log_json,
        });
        log_warn_lines(buffer_bytes(&warnings));
    }
    buffer_deinit(&warnings);
    return start.config != NULL ? server_run(&start, error) : 1;
}

int cli_start(int argc, char **argv)
{
    struct server_predecessor predecessor;
    struct buffer error = {0};
    int status;

    server_predecessor_open(&predecessor);
    status = run(argc, argv, &predecessor, &error);
    if (error.len > 0) {
        cli_options_print_errors(buffer_bytes(&error));
        server_predecessor_say_failed(&predecessor, buffer_bytes(&error));
    }
    buffer_deinit(&error);
    return status;
}
