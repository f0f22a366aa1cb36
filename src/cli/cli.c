#include "cli/cli.h"

#include "base/printable.h"
#include "base/version.h"
#include "cli/bench.h"
#include "cli/config.h"
#include "cli/running.h"
#include "cli/start.h"
#include "cli/talk.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"start", cli_start},
    {"stop", cli_running_stop},
    {"restart", cli_running_restart},
    {"reload", cli_running_reload},
    {"status", cli_running_status},
    {"config", cli_config},
    {"listen", cli_talk_listen},
    {"publish", cli_talk_publish},
    {"bench", cli_bench},
};

static const char usage[] =
    "Usage: reverb COMMAND [OPTION…]\n"
    "\n"
    "  start     run the server\n"
    "            --host=ADDRESS --port=NUMBER --path=PREFIX --hostname=NAME\n"
    "            --config=FILE.json --env=FILE --workers=COUNT\n"
    "            --debug --log-format=text|json\n"
    "  stop      end a running server gracefully        --port --config --env\n"
    "  restart   the same; its process manager starts it again\n"
    "  reload    take up apps and certificate anew\n"
    "  status    tell how it is                         --json\n"
    "  config    show the configuration and where each value comes from\n"
    "\n"
    "  listen    CHANNEL             print its events as they come\n"
    "  publish   CHANNEL EVENT JSON  publish an event\n"
    "  bench     SCENARIO            measure a server: fanout, publish, connect, idle, whisper,\n"
    "                                presence or channels\n"
    "            --publish-to=ws://HOST:PORT --others=PID,PID (fanout over several nodes)\n"
    "            --connections=COUNT --in-flight=COUNT --rate=COUNT --size=BYTES\n"
    "            --duration=SECONDS --threads=COUNT --pid=SERVER --new-connections --json\n"
    "            --channel=NAME --channels=COUNT (fanout) --members=COUNT (presence)\n"
    "            --probe=KEY (how long a client of that app waits meanwhile)\n"
    "  all three --url=ws://HOST:PORT --app-id --key --secret --insecure --config --env\n"
    "\n"
    "In a Laravel folder .env and config/reverb.php are read; elsewhere give --config, or\n"
    "REVERB_APP_ID, REVERB_APP_KEY and REVERB_APP_SECRET.\n";

int cli_run(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "--help";

    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0 ||
        strcmp(command, "help") == 0) {
        fputs(usage, argc > 1 ? stdout : stderr);
        return argc > 1 ? 0 : 1;
    }
    if (strcmp(command, "--version") == 0) {
        printf("reverb %s\n", VERSION);
        return 0;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(command, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    printable_print_line(stderr, "reverb: \"%s\" is no command; `reverb --help` lists them",
                         command);
    return 1;
}
