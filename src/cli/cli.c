#include "cli/cli.h"

#include "base/printable.h"
#include "base/version.h"
#include "cli/bench.h"
#include "cli/config.h"
#include "cli/doctor.h"
#include "cli/import.h"
#include "cli/mind.h"
#include "cli/renew.h"
#include "cli/running.h"
#include "cli/start.h"
#include "cli/tail.h"
#include "cli/talk.h"
#include "cli/top.h"
#include "cli/webhooks.h"
#include "config/nearest.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CONFIG_OPTIONS                                                                            \
    "  --config=FILE.json  the configuration, in the shape of config/reverb.php; - is standard\n" \
    "                      input\n"                                                               \
    "  --env=FILE          instead of .env\n"
#define RUNNING_OPTIONS \
    "  --port=NUMBER       the server that listens on that port\n" CONFIG_OPTIONS
#define TARGET_OPTIONS                                                                            \
    "  --url=ws://HOST:PORT  the server; else REVERB_HOST and REVERB_PORT, else this machine's\n" \
    "  --app-id --key --secret  the app; else the configuration's first\n"                        \
    "  --insecure          any certificate will do\n" CONFIG_OPTIONS

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *arguments; /* before its options */
    const char *summary;   /* NULL: not listed in the help */
    const char *options;
    bool stays; /* it keeps running: its output is a log that may be lost */
};

static const struct command commands[] = {
    {"start", cli_start, "", "run the server",
     "  --host=ADDRESS --port=NUMBER --path=PREFIX --hostname=NAME\n"
     "  --workers=COUNT     threads that serve; one per core\n"
     "  --admin=ADDRESS     metrics and health, HOST:PORT or unix:PATH\n"
     "  --debug             show what is received and sent\n"
     "  --log-level=error|warn|info|debug  --log-format=text|json\n" CONFIG_OPTIONS,
     true},
    {"stop", cli_running_stop, "", "end a running server gracefully",
     "  --now               whoever is left is cut off\n" RUNNING_OPTIONS, false},
    {"restart", cli_running_restart, "", "have a new process take its place; nobody is refused",
     RUNNING_OPTIONS, false},
    {"reload", cli_running_reload, "", "take up apps and certificate anew", RUNNING_OPTIONS, false},
    {"status", cli_running_status, "", "tell how it is",
     "  --json              for programs\n" RUNNING_OPTIONS, false},
    {"webhooks", cli_webhooks, " [test]", "tell how webhooks are; test: send each an example",
     "  --json              for programs\n" RUNNING_OPTIONS
     "  with test: the options of start that say where the configuration is\n",
     false},
    {"config", cli_config, "", "show the configuration and where each value comes from",
     "  --check             do what a start does, and start nothing\n"
     "  the options of start\n",
     false},
    {"doctor", cli_doctor, "", "say what is wrong with a set-up, and which line mends it",
     "  --url=wss://HOST    where browsers connect; else REVERB_HOST and so on\n"
     "  --app-id --key --secret  the app; else the configuration's first\n"
     "  --origin=URL        of the pages; else APP_URL\n"
     "  --bundle=PATH       built JavaScript with Echo in it; else public/build\n"
     "  --idle=SECONDS      watch for so long whether a proxy ends a silent client\n"
     "  --insecure          any certificate will do\n"
     "  --json              for programs\n" RUNNING_OPTIONS,
     false},
    {"import", cli_import, " FILE",
     "print what soketi's, sockudo's or laravel-websockets' configuration is here",
     "  FILE is JSON, an .env with SOKETI_… in it, or config/websockets.php\n", false},
    {"tail", cli_tail, "", "show what happens in the running server, as it happens",
     "  --app=ID --channel=PATTERN --event=PATTERN --user=ID  * stands for any text\n"
     "  --json              a line of JSON an event\n" RUNNING_OPTIONS,
     false},
    {"why", cli_tail_why, " SOCKET_ID", "tell what became of a connection, for ten minutes",
     "  --json              for programs\n" RUNNING_OPTIONS, false},
    {"top", cli_top, "", "show apps, busiest channels and backlogs, anew each second",
     "  --once              print it and end, as if the output is no terminal\n"
     "  --json              the same for programs\n" RUNNING_OPTIONS,
     false},
    {"listen", cli_talk_listen, " CHANNEL", "print its events as they come", TARGET_OPTIONS, false},
    {"publish", cli_talk_publish, " CHANNEL EVENT JSON", "publish an event", TARGET_OPTIONS, false},
    {"bench", cli_bench, " SCENARIO",
     "measure a server: fanout, publish, connect, idle, whisper, presence, channels,\n"
     "            churn, herd, signin or lists",
     "  --connections=COUNT --in-flight=COUNT --rate=COUNT --size=BYTES\n"
     "  --duration=SECONDS --threads=COUNT --pid=SERVER --new-connections --json\n"
     "  --channel=NAME --slow=COUNT (fanout) --channels=COUNT (fanout, lists)\n"
     "  --members=COUNT (presence, churn) --watchlist=COUNT (signin)\n"
     "  --publish-to=ws://HOST:PORT --others=PID,PID (fanout over several nodes)\n"
     "  --probe=KEY         how long a client of that app waits meanwhile\n" TARGET_OPTIONS,
     false},
    {"renew", cli_renew, " COMMAND", NULL, "", true},
    {"mind", cli_mind, " PID", NULL, "", true},
};

#define COMMANDS_COUNT (sizeof commands / sizeof commands[0])

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS_COUNT; i++)
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

static void print_usage(FILE *file)
{
    fputs("Usage: reverb COMMAND [OPTION…]\n\n", file);
    for (size_t i = 0; i < COMMANDS_COUNT; i++)
        if (commands[i].summary != NULL)
            fprintf(file, "  %-9s %s\n", commands[i].name, commands[i].summary);
    fputs("  version   print the version\n"
          "  help      COMMAND: its options, as COMMAND --help\n"
          "\n"
          "In a Laravel folder .env and config/reverb.php are read; elsewhere give --config, or\n"
          "REVERB_APP_ID, REVERB_APP_KEY and REVERB_APP_SECRET.\n",
          file);
}

static int suggest(const char *name)
{
    const char *names[COMMANDS_COUNT];
    size_t count = 0;

    for (size_t i = 0; i < COMMANDS_COUNT; i++)
        if (commands[i].summary != NULL)
            names[count++] = commands[i].name;
    printable_print_line(
        stderr, "reverb: \"%s\" is no command; did you mean %s? `reverb --help` lists them", name,
        config_nearest(name, names, count));
    return 1;
}

static int help(const char *name)
{
    const struct command *command = name != NULL ? find(name) : NULL;

    if (name == NULL) {
        print_usage(stdout);
    } else if (command == NULL) {
        return suggest(name);
    } else {
        printf("Usage: reverb %s%s [OPTION…]\n", command->name, command->arguments);
        if (command->summary != NULL)
            printf("\n%s\n\n%s", command->summary, command->options);
    }
    return 0;
}

static bool is_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

static int run(const struct command *command, int argc, char **argv)
{
    for (int i = 1; i < argc && command->summary != NULL; i++)
        if (is_help(argv[i]))
            return help(command->name);
    return command->run(argc, argv);
}

/* A command whose output could not be written has failed, whatever it did. */
static int finish(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "reverb: standard output cannot be written: %s\n", strerror(errno));
    return 1;
}

int cli_run(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    const struct command *command;

    if (name == NULL) {
        print_usage(stderr);
        return 1;
    }
    if (is_help(name) || strcmp(name, "help") == 0)
        return finish(help(argc > 2 ? argv[2] : NULL));
    if (strcmp(name, "--version") == 0 || strcmp(name, "-v") == 0 || strcmp(name, "version") == 0) {
        printf("reverb %s\n", VERSION);
        return finish(0);
    }
    command = find(name);
    if (command == NULL)
        return suggest(name);
    if (command->stays)
        return run(command, argc - 1, argv + 1);
    return finish(run(command, argc - 1, argv + 1));
}
