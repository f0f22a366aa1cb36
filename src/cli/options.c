#include "cli/options.h"

#include "base/check.h"
#include "base/printable.h"
#include "config/nearest.h"

#include <string.h>

#define OPTIONS_MAX 32

static const struct cli_options_spec *find(const struct cli_options_spec *spec, size_t count,
                                           struct bytes name)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(bytes_of(spec[i].name), name))
            return &spec[i];
    }
    return NULL;
}

static bool reject(const struct cli_options_spec *spec, size_t count, struct bytes name,
                   struct buffer *error)
{
    const char *names[OPTIONS_MAX];
    char *given = bytes_copy(name);

    CHECK(count <= OPTIONS_MAX);
    for (size_t i = 0; i < count; i++)
        names[i] = spec[i].name;
    buffer_printf(error, given[0] == '-' ? "%s is not an option" : "\"%s\" is not expected here",
                  given);
    if (count > 0)
        buffer_printf(error, "; did you mean %s?", config_nearest(given, names, count));
    free(given);
    return false;
}

static bool set_flag(const struct cli_options_spec *option, struct bytes value,
                     struct buffer *error)
{
    if (value.data != NULL) {
        buffer_printf(error, "%s takes no value; give it alone", option->name);
        return false;
    }
    *option->flag = true;
    return true;
}

/* The argument after an option is its value, unless it is the next option. */
static bool is_value(const char *argument)
{
    return argument != NULL && strncmp(argument, "--", 2) != 0;
}

bool cli_options_parse(const struct cli_options_spec *spec, size_t count, int argc,
                       char *const *argv, struct buffer *error)
{
    for (int i = 1; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        struct bytes name = bytes_of(argv[i]);
        struct bytes value = BYTES_NONE;
        const struct cli_options_spec *option;

        if (equals != NULL) {
            name.len = (size_t)(equals - argv[i]);
            value = bytes_of(equals + 1);
        }
        option = find(spec, count, name);
        if (option == NULL)
            return reject(spec, count, name, error);
        if (option->text == NULL) {
            if (!set_flag(option, value, error))
                return false;
            continue;
        }
        if (value.data == NULL && i + 1 < argc && is_value(argv[i + 1]))
            value = bytes_of(argv[++i]);
        if (value.data == NULL) {
            buffer_printf(error, "%s needs a value: %s=VALUE", option->name, option->name);
            return false;
        }
        *option->text = value.data;
    }
    return true;
}

void cli_options_print_errors(struct bytes lines)
{
    struct bytes line;

    while (bytes_next(&lines, '\n', &line))
        printable_print_line(stderr, "reverb: %.*s", BYTES_ARGS(line));
}

/* The option of `config` alone is at the beginning, those of `start` alone are at the end. */
#define CONFIG_ONLY_COUNT 1
#define START_ONLY_COUNT 4

static bool parse(int argc, char *const *argv, bool *wants_check, bool is_start,
                  struct config_options *options, struct buffer *error)
{
    const struct cli_options_spec spec[] = {
        {.name = "--check", .flag = wants_check},
        {.name = "--host", .text = &options->host},
        {.name = "--port", .text = &options->port},
        {.name = "--path", .text = &options->path},
        {.name = "--hostname", .text = &options->hostname},
        {.name = "--debug", .flag = &options->debug},
        {.name = "--config", .text = &options->config_file},
        {.name = "--env", .text = &options->env_file},
        {.name = "--workers", .text = &options->workers},
        {.name = "--log-level", .text = &options->log_level},
        {.name = "--log-format", .text = &options->log_format},
        {.name = "--admin", .text = &options->admin},
        {.name = "--supervised", .flag = &options->supervised},
        {.name = "--events-fd", .text = &options->events_fd},
        {.name = "--events", .text = &options->events},
        {.name = "--commands-fd", .text = &options->commands_fd},
    };
    const size_t left_out = wants_check == NULL ? CONFIG_ONLY_COUNT : 0;
    const size_t count =
        sizeof spec / sizeof spec[0] - left_out - (is_start ? 0 : START_ONLY_COUNT);

    *options = (struct config_options){0};
    return cli_options_parse(spec + left_out, count, argc, argv, error);
}

bool cli_options_start(int argc, char *const *argv, struct config_options *options,
                       struct buffer *error)
{
    return parse(argc, argv, NULL, true, options, error);
}

bool cli_options_config(int argc, char *const *argv, struct config_options *options,
                        bool *wants_check, struct buffer *error)
{
    if (wants_check != NULL)
        *wants_check = false;
    return parse(argc, argv, wants_check, false, options, error);
}
