#include "config/laravel.h"

#include "config/php.h"
#include "config/process.h"
#include "config/read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool config_laravel_is_here(void)
{
    return access("artisan", F_OK) == 0;
}

static char *env_name(void)
{
    const char *environment = getenv("APP_ENV");
    struct buffer name = {0};
    char *copy;

    buffer_append_text(&name, ".env");
    if (config_laravel_is_here() && environment != NULL && *environment != '\0') {
        buffer_printf(&name, ".%s", environment);
        if (access(buffer_text(&name), F_OK) != 0)
            name.len = strlen(".env");
    }
    copy = bytes_copy(buffer_bytes(&name));
    buffer_deinit(&name);
    return copy;
}

bool config_laravel_read_env(struct config_input *input, struct buffer *error)
{
    const char *given = input->options->env_file;
    struct buffer text = {0};
    int status;
    bool ok;

    input->env_name = given != NULL ? bytes_copy(bytes_of(given)) : env_name();
    status = config_read_file(input->env_name, CONFIG_ENV_FILE_LEN_MAX, &text);
    if (status == 0) {
        ok = config_env_parse(&input->env, buffer_bytes(&text), input->env_name, error);
    } else {
        /* A folder of that name is what Python's virtualenv makes. */
        ok = given == NULL && (status == ENOENT || status == EISDIR);
        if (!ok)
            buffer_printf(error, "the environment file %s cannot be read: %s", input->env_name,
                          strerror(status));
    }
    buffer_deinit(&text);
    return ok;
}

bool config_laravel_evaluate(struct config_file *file, const struct config_env *env,
                             struct buffer *error, struct buffer *warnings)
{
    struct buffer json = {0};
    char *php;
    bool ok;

    if (access(CONFIG_LARAVEL_FILE, F_OK) != 0)
        return true;
    php = config_process_find("php");
    if (php == NULL) {
        buffer_append_text(warnings, CONFIG_LARAVEL_FILE
                           " is not read: there is no php on the PATH; only the "
                           "environment and .env count\n");
        return true;
    }
    ok = config_php_evaluate(php, CONFIG_LARAVEL_FILE, env, CONFIG_PHP_TIMEOUT_MS, &json, error) &&
         config_file_parse(file, buffer_bytes(&json), CONFIG_LARAVEL_FILE, error);
    file->is_laravel = true;
    free(php);
    buffer_deinit(&json);
    return ok;
}
