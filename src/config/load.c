#include "config/load.h"

#include "base/mem.h"
#include "config/admin.h"
#include "config/apps.h"
#include "config/cores.h"
#include "config/free.h"
#include "config/laravel.h"
#include "config/mistake.h"
#include "config/resolve.h"
#include "config/scaling.h"
#include "config/schema.h"
#include "config/secrets.h"
#include "config/tls.h"
#include "config/trusted_proxies.h"
#include "config/variables.h"

#include <stdlib.h>
#include <string.h>

#define SERVER_DEFAULT "reverb"
/* More workers than this only wait for each other. */
#define WORKERS_OF_A_CORE_MAX 4

/* Which of the file's servers to use. */
static const struct config_setting server_name = {
    .key = "default",
    .variable = "REVERB_SERVER",
    .kind = CONFIG_SETTING_TEXT,
};

static bool load_file(struct config_input *input, struct buffer *error, struct buffer *warnings)
{
    /* Artisan sends what it has evaluated of that file. */
    const char *name = input->options->supervised ? CONFIG_LARAVEL_FILE : "standard input";

    if (input->options->config_text != NULL)
        return config_file_take(&input->file, input->options->config_text, name, error);
    if (input->options->config_file != NULL)
        return config_file_load(&input->file, input->options->config_file, name, error);
    if (config_laravel_is_here())
        return config_laravel_evaluate(&input->file, &input->env, error, warnings);
    return true;
}

static bool resolve_server(struct config *config, const struct config_input *input,
                           const char *server, struct buffer *error, struct buffer *warnings)
{
    struct config_input_scope scope = {NULL, NULL, false};
    struct buffer path = {0};
    bool ok = true;

    buffer_printf(&path, "servers.%s", server);
    scope.path = buffer_text(&path);
    scope.object = json_object_get(config_file_find(input->file.root, "servers"), server);
    for (size_t i = 0; i < config_setting_server_count; i++)
        if (!config_setting_server[i].is_of_scaling)
            ok = config_resolve_one(config, input, &scope, &config_setting_server[i],
                                    CONFIG_SOURCE_SERVER, error) &&
                 ok;
    ok = ok && config_scaling_resolve(config, input, &scope, error, warnings);
    buffer_deinit(&path);
    return ok;
}

/* The settings that have a source of their own. */
static void resolve_rest(struct config *config, const struct config_options *options,
                         struct buffer *warnings)
{
    const uint32_t cores = config_cores_count();

    if (options->debug) {
        config->debug = true;
        config_source_set(config, config_setting_of_server(offsetof(struct config, debug)),
                          CONFIG_SOURCE_SERVER, "--debug");
    }
    if (config->workers == 0) {
        config->workers = cores < CONFIG_WORKERS_MAX ? cores : CONFIG_WORKERS_MAX;
        config_source_set(config, config_setting_of_server(offsetof(struct config, workers)),
                          CONFIG_SOURCE_SERVER, "default, one per core");
    }
    if (config->workers > cores * WORKERS_OF_A_CORE_MAX)
        buffer_printf(
            warnings,
            "%u workers share %u core%s: each event costs several times as much; give one "
            "for each core (--workers)\n",
            config->workers, cores, cores == 1 ? "" : "s");
}

/* "[::1]": IPv6 addresses have brackets in URLs and for PHP's sockets. */
static void take_brackets_off(char *host)
{
    const size_t len = strlen(host);

    if (len < 2 || host[0] != '[' || host[len - 1] != ']')
        return;
    memmove(host, host + 1, len - 2);
    host[len - 2] = '\0';
}

static bool resolve(struct config *config, const struct config_input *input, struct buffer *error,
                    struct buffer *warnings)
{
    const struct config_input_scope root = {input->file.root, "", false};
    struct config_input_value server;
    const char *name;
    bool ok = config_input_find(input, &root, &server_name, &server, error);

    if (!ok)
        return false;
    name = server.text != NULL ? server.text : SERVER_DEFAULT;
    if (input->file.root != NULL)
        ok = config_schema_check(&input->file, name, error, warnings);
    ok = ok && resolve_server(config, input, name, error, warnings);
    config_input_value_deinit(&server);
    if (!ok)
        return false;
    resolve_rest(config, input->options, warnings);
    take_brackets_off(config->host);
    config_variables_check(input, warnings);
    return config_admin_check(config, error) && config_trusted_proxies_check(config, error) &&
           config_tls_resolve(config, error, warnings) &&
           config_apps_load(config, input, error, warnings);
}

struct config *config_load(const struct config_options *options, struct buffer *error,
                           struct buffer *warnings)
{
    struct config_input input = {.options = options};
    struct config *config = mem_new(sizeof *config);
    bool ok = config_laravel_read_env(&input, error) && load_file(&input, error, warnings) &&
              resolve(config, &input, error, warnings);

    config_secrets_mask(input.file.root, error);
    config_secrets_mask(input.file.root, warnings);
    config_input_deinit(&input);
    if (ok)
        return config;
    config_mistake_finish(error);
    config_free(config);
    return NULL;
}
