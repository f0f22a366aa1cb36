#include "cli/doctor.h"

#include "base/log.h"
#include "cli/options.h"
#include "config/free.h"
#include "config/load.h"
#include "config/read.h"
#include "doctor/doctor.h"
#include "server/check.h"

#include <stdio.h>
#include <string.h>

#define CONFIGURATION "settings"
#define IDLE_S_MAX 3600

struct request {
    struct config_options options;
    const char *url;
    const char *app_id;
    const char *key;
    const char *secret;
    const char *origin;
    const char *bundle;
    const char *idle;
    bool is_trusting;
    bool wants_json;
};

static bool read_options(int argc, char **argv, struct request *request, struct buffer *error)
{
    const struct cli_options_spec spec[] = {
        {.name = "--url", .text = &request->url},
        {.name = "--app-id", .text = &request->app_id},
        {.name = "--key", .text = &request->key},
        {.name = "--secret", .text = &request->secret},
        {.name = "--origin", .text = &request->origin},
        {.name = "--bundle", .text = &request->bundle},
        {.name = "--idle", .text = &request->idle},
        {.name = "--insecure", .flag = &request->is_trusting},
        {.name = "--json", .flag = &request->wants_json},
        {.name = "--port", .text = &request->options.port},
        {.name = "--config", .text = &request->options.config_file},
        {.name = "--env", .text = &request->options.env_file},
    };

    return cli_options_parse(spec, sizeof spec / sizeof spec[0], argc, argv, error);
}

static bool read_idle(const struct request *request, struct doctor_subject *subject,
                      struct buffer *error)
{
    uint64_t seconds = 0;

    if (request->idle != NULL && !bytes_to_number(bytes_of(request->idle), IDLE_S_MAX, &seconds)) {
        buffer_printf(error, "--idle \"%s\" is no number of seconds; give one from 0 to %d",
                      request->idle, IDLE_S_MAX);
        return false;
    }
    subject->idle_s = (uint32_t)seconds;
    return true;
}

/* --- the configuration ---------------------------------------------------------------------- */

static void add_lines(struct doctor_report *report, enum doctor_report_level level,
                      const struct buffer *lines)
{
    struct bytes rest = buffer_bytes(lines);
    struct bytes line;

    while (bytes_next(&rest, '\n', &line))
        if (line.len > 0)
            doctor_report_add(report, level, CONFIGURATION, "%.*s", BYTES_ARGS(line));
}

/* With an address and an app the server may be of another kind and on another machine. */
static bool needs_config(const struct request *request)
{
    return request->url == NULL || request->app_id == NULL || request->key == NULL ||
           request->secret == NULL || request->options.config_file != NULL;
}

static struct config *load(struct doctor_report *report, const struct request *request)
{
    struct buffer warnings = {0};
    struct buffer error = {0};
    struct config *config = config_load(&request->options, &error, &warnings);

    if (config == NULL && needs_config(request))
        add_lines(report, DOCTOR_REPORT_FAULT, &error);
    if (config != NULL)
        add_lines(report, DOCTOR_REPORT_WARNING, &warnings);
    if (config != NULL && warnings.len == 0)
        doctor_report_add(report, DOCTOR_REPORT_OK, CONFIGURATION, "%zu app%s", config->apps_count,
                          config->apps_count == 1 ? "" : "s");
    buffer_deinit(&warnings);
    buffer_deinit(&error);
    return config;
}

/* The app with that id or key, else the first, with what was given in its place. */
static bool choose_app(const struct request *request, const struct config *config,
                       struct config_app *app)
{
    bool is_known = request->app_id != NULL && request->key != NULL && request->secret != NULL;

    for (size_t i = 0; config != NULL && i < config->apps_count; i++) {
        const struct config_app *each = &config->apps[i];

        if ((request->app_id == NULL || strcmp(each->id, request->app_id) == 0) &&
            (request->key == NULL || strcmp(each->key, request->key) == 0)) {
            *app = *each;
            is_known = true;
            break;
        }
    }
    /* The fields are only read: they may borrow the options' text. */
    if (request->app_id != NULL)
        app->id = (char *)(uintptr_t)request->app_id;
    if (request->key != NULL)
        app->key = (char *)(uintptr_t)request->key;
    if (request->secret != NULL)
        app->secret = (char *)(uintptr_t)request->secret;
    return is_known;
}

/* A file that cannot be parsed is among the configuration's mistakes already. */
static void read_env(const struct request *request, struct doctor_subject *subject)
{
    const char *name = request->options.env_file != NULL ? request->options.env_file : ".env";
    struct buffer text = {0};
    struct buffer error = {0};

    subject->has_env = config_read_file(name, CONFIG_ENV_FILE_LEN_MAX, &text) == 0 &&
                       config_env_parse(&subject->env, buffer_bytes(&text), name, &error);
    buffer_deinit(&text);
    buffer_deinit(&error);
}

/* --- the command ---------------------------------------------------------------------------- */

static void examine(const struct request *request, struct doctor_subject *subject,
                    struct doctor_report *report)
{
    struct config *config = load(report, request);
    struct config_app app = {.ping_interval_s = 60};

    subject->config = config;
    subject->url = request->url;
    subject->origin = request->origin;
    subject->bundle = request->bundle;
    subject->is_trusting = request->is_trusting;
    if (choose_app(request, config, &app))
        subject->app = &app;
    read_env(request, subject);
    if (config != NULL || subject->app != NULL)
        doctor_run(report, subject, config != NULL ? server_check_pid(config->port) : 0);
    config_env_deinit(&subject->env);
    config_free(config);
}

int cli_doctor(int argc, char **argv)
{
    struct request request = {0};
    struct doctor_subject subject = {0};
    struct doctor_report report = {0};
    struct buffer out = {0};
    int status = 1;

    log_init((struct log_options){.level = LOG_LEVEL_ERROR}); /* its findings are not for the log */
    if (!read_options(argc, argv, &request, &out) || !read_idle(&request, &subject, &out)) {
        cli_options_print_errors(buffer_bytes(&out));
    } else {
        examine(&request, &subject, &report);
        if (request.wants_json)
            doctor_report_write_json(&report, &out);
        else
            doctor_report_write(&report, &out);
        fwrite(out.data, 1, out.len, stdout);
        status = doctor_report_count(&report, DOCTOR_REPORT_FAULT) > 0;
    }
    doctor_report_deinit(&report);
    buffer_deinit(&out);
    return status;
}
