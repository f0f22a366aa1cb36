#include "cli/start.h"

#include "base/log.h"
#include "cli/options.h"
#include "config/load.h"
#include "server/server.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static int run(int argc, char **argv, struct server_predecessor *predecessor, struct buffer *error)
{
    struct config_options options = {0};
    struct buffer warnings = {0};
    struct server_start start = {
        .options = &options,
        .argv = argv - 1, /* the program's name precedes the command's */
        .predecessor = predecessor,
    };

    if (cli_options_start(argc, argv, &options, error))
        start.config = config_load(&options, error, &warnings);
    if (start.config != NULL) {
        log_init((struct log_options){
            .level = start.config->debug ? LOG_LEVEL_DEBUG : start.config->log_level,
            .json = start.config->log_json,
        });
        log_warn_lines(buffer_bytes(&warnings));
    }
    buffer_deinit(&warnings);
    return start.config != NULL ? server_run(&start, error) : 1;
}

/* Before the configuration is known, so that mistakes in it are reported in that format too. */
static bool wants_json(int argc, char **argv)
{
    const char *variable = getenv("REVERB_LOG_FORMAT");

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--log-format=json") == 0 ||
            (strcmp(argv[i], "--log-format") == 0 && i + 1 < argc &&
             strcmp(argv[i + 1], "json") == 0))
            return true;
    return variable != NULL && strcmp(variable, "json") == 0;
}

static void log_error_lines(struct bytes lines)
{
    struct bytes line;

    while (bytes_next(&lines, '\n', &line))
        log_error("%.*s", BYTES_ARGS(line));
}

/* A reload that is asked for while the configuration is being read would end the process. The
 * server takes it up once it runs. */
static void hold_reload(void)
{
    sigset_t reload;

    sigemptyset(&reload);
    sigaddset(&reload, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &reload, NULL);
}

int cli_start(int argc, char **argv)
{
    struct server_predecessor predecessor;
    struct buffer error = {0};
    int status;

    hold_reload();
    server_predecessor_open(&predecessor);
    log_init((struct log_options){.level = LOG_LEVEL_INFO, .json = wants_json(argc, argv)});
    status = run(argc, argv, &predecessor, &error);
    if (error.len > 0) {
        if (wants_json(argc, argv))
            log_error_lines(buffer_bytes(&error));
        else
            cli_options_print_errors(buffer_bytes(&error));
        server_predecessor_say_failed(&predecessor, buffer_bytes(&error));
    }
    buffer_deinit(&error);
    return status;
}
