#include "config/variables.h"

#include "config/nearest.h"
#include "config/setting.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "REVERB_"
#define REDIS_PREFIX "REDIS_"
#define KNOWN_MAX 128
#define NAME_LEN_MAX 128

/* Those that no setting has, and first the one that stands in many misspelt ones: Laravel's, the
 * package's, the commands'. */
static const char *const others[] = {
    "REVERB_SERVER",      "REVERB_CONTROL",      "REVERB_BINARY",
    "REVERB_CACHE",       "REVERB_RELEASES_URL", "REVERB_RELEASES_KEY",
    "REVERB_PORT",        "REVERB_SCHEME",       "REVERB_TELESCOPE_INGEST_INTERVAL",
    "REVERB_DEMO_FOLDER", "REVERB_SUCCEEDS",     "REVERB_MINDER",
    "REVERB_FORMER_PID",  "REVERB_BIN",          "REVERB_STOCK_PATH",
};

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static size_t add_settings(const char **known, size_t count, const struct config_setting *settings,
                           size_t settings_count)
{
    for (size_t i = 0; i < settings_count && count < KNOWN_MAX; i++)
        if (settings[i].variable != NULL && (begins_with(settings[i].variable, PREFIX) ||
                                             begins_with(settings[i].variable, REDIS_PREFIX)))
            known[count++] = settings[i].variable;
    return count;
}

static size_t list_known(const char **known)
{
    size_t count = sizeof others / sizeof others[0];

    memcpy(known, others, sizeof others);
    count = add_settings(known, count, config_setting_server, config_setting_server_count);
    return add_settings(known, count, config_setting_app, config_setting_app_count);
}

/* Without what nearly all begin with, so that a part of a name is recognised as one. */
static void suggest(const char *name, const char *const *known, size_t count,
                    struct buffer *warnings)
{
    const char *rests[KNOWN_MAX];
    const char *nearest;

    for (size_t i = 0; i < count; i++)
        rests[i] = begins_with(known[i], PREFIX) ? known[i] + strlen(PREFIX) : known[i];
    nearest = config_nearest(name + strlen(PREFIX), rests, count);
    buffer_printf(warnings, "%s%s", begins_with(nearest, REDIS_PREFIX) ? "" : PREFIX, nearest);
}

static void check(const char *name, const char *where, const char *const *known, size_t count,
                  struct buffer *warnings)
{
    if (!begins_with(name, PREFIX))
        return;
    for (size_t i = 0; i < count; i++)
        if (strcmp(known[i], name) == 0)
            return;
    buffer_printf(warnings, "%s in %s is no setting; did you mean ", name, where);
    suggest(name, known + 1, count - 1, warnings);
    buffer_append_text(warnings, "?\n");
}

void config_variables_check(const struct config_input *input, struct buffer *warnings)
{
    const char *known[KNOWN_MAX];
    const size_t count = list_known(known);

    if (input->file.is_laravel)
        return; /* the application's own configuration may read any variable */
    for (size_t i = 0; environ[i] != NULL; i++) {
        char name[NAME_LEN_MAX];
        const size_t len = strcspn(environ[i], "=");

        if (len >= sizeof name)
            continue;
        memcpy(name, environ[i], len);
        name[len] = '\0';
        check(name, "the environment", known, count, warnings);
    }
    for (size_t i = 0; i < input->env.count; i++)
        check(input->env.entries[i].name, input->env_name, known, count, warnings);
}

void config_variables_name_others(const struct config_input *input, struct buffer *error)
{
    static const char *const names[] = {"PUSHER_APP_ID",          "PUSHER_APP_KEY",
                                        "PUSHER_APP_SECRET",      "SOKETI_DEFAULT_APP_ID",
                                        "SOKETI_DEFAULT_APP_KEY", "SOKETI_DEFAULT_APP_SECRET"};
    size_t count = 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (getenv(names[i]) == NULL && config_env_find(&input->env, names[i]) == NULL)
            continue;
        buffer_printf(error, "%s%s", count == 0 ? "; " : ", ", names[i]);
        count++;
    }
    if (count > 0)
        buffer_printf(error, " %s of another server: give %s value%s to REVERB_APP_…",
                      count == 1 ? "is" : "are", count == 1 ? "its" : "their",
                      count == 1 ? "" : "s");
}
