#include "config/input.h"

#include <stdlib.h>
#include <string.h>

/* What a source gives for a setting. */
enum answer {
    ANSWER_NONE,
    ANSWER_GIVEN,
    ANSWER_DEFAULT, /* the default counts, whatever the next sources give */
    ANSWER_WRONG,
};

static bool counts(const struct config_setting *setting, struct bytes text)
{
    return text.data != NULL && (text.len > 0 || setting->empty_counts);
}

/* An empty array means "allow nothing", unlike a variable that is empty. */
static bool is_empty_list(const struct config_setting *setting, const char *text)
{
    return setting->kind == CONFIG_SETTING_LIST && text != NULL;
}

static char *say_where(const char *name, const char *place)
{
    struct buffer where = {0};
    char *copy;

    buffer_printf(&where, "%s in %s", name, place);
    copy = bytes_copy(buffer_bytes(&where));
    buffer_deinit(&where);
    return copy;
}

static enum answer ask_option(const struct config_input *input,
                              const struct config_setting *setting,
                              struct config_input_value *value)
{
    const char *text;

    if (setting->option == NULL)
        return ANSWER_NONE;
    memcpy(&text, (const char *)input->options + setting->option_at, sizeof text);
    if (!counts(setting, bytes_of(text)))
        return ANSWER_NONE;
    value->text = bytes_copy(bytes_of(text));
    value->where = bytes_copy(bytes_of(setting->option));
    return ANSWER_GIVEN;
}

static enum answer ask_variable(const struct config_input *input,
                                const struct config_setting *setting,
                                struct config_input_value *value)
{
    const char *places[] = {"the environment", input->env_name};
    const char *texts[2];

    if (setting->variable == NULL)
        return ANSWER_NONE;
    texts[0] = getenv(setting->variable);
    texts[1] = config_env_find(&input->env, setting->variable);
    for (size_t i = 0; i < 2; i++) {
        struct bytes text = config_env_meaning(texts[i]);

        if (!counts(setting, text))
            continue;
        value->text = bytes_copy(text);
        value->where = say_where(setting->variable, places[i]);
        return ANSWER_GIVEN;
    }
    return ANSWER_NONE;
}

/* A file that was made with the environment in effect takes precedence. */
static bool is_file_first(const struct config_input *input, const struct config_input_scope *scope,
                          const struct config_setting *setting)
{
    return input->file.is_resolved || scope->is_listed_app ||
           (input->file.is_laravel && setting->is_shared_variable);
}

static enum answer ask_file(const struct config_input *input,
                            const struct config_input_scope *scope,
                            const struct config_setting *setting, struct config_input_value *value,
                            struct buffer *error)
{
    const char *key = setting->key;
    const json_t *found = key != NULL ? config_file_find(scope->object, key) : NULL;
    struct buffer path = {0};
    bool ok;

    for (size_t i = 0; found == NULL && setting->aliases != NULL && setting->aliases[i] != NULL;
         i++) {
        key = setting->aliases[i];
        found = config_file_find(scope->object, key);
    }
    if (found == NULL)
        return ANSWER_NONE;
    buffer_printf(&path, "%s%s%s", scope->path, *scope->path ? "." : "", key);
    value->where = say_where(buffer_text(&path), input->file.name);
    buffer_deinit(&path);
    ok = config_file_text(setting, found, value->where, &value->text, error);
    if (ok && (counts(setting, bytes_of(value->text)) || is_empty_list(setting, value->text)))
        return ANSWER_GIVEN;
    config_input_value_deinit(value);
    if (!ok)
        return ANSWER_WRONG;
    return is_file_first(input, scope, setting) ? ANSWER_DEFAULT : ANSWER_NONE;
}

bool config_input_find(const struct config_input *input, const struct config_input_scope *scope,
                       const struct config_setting *setting, struct config_input_value *value,
                       struct buffer *error)
{
    const bool begins_with_file = is_file_first(input, scope, setting);
    enum answer answer;

    *value = (struct config_input_value){0};
    answer = ask_option(input, setting, value);
    if (answer == ANSWER_NONE && begins_with_file)
        answer = ask_file(input, scope, setting, value, error);
    if (answer == ANSWER_NONE && !(scope->is_listed_app && setting->is_identity))
        answer = ask_variable(input, setting, value);
    if (answer == ANSWER_NONE && !begins_with_file)
        answer = ask_file(input, scope, setting, value, error);
    return answer != ANSWER_WRONG;
}

void config_input_value_deinit(struct config_input_value *value)
{
    free(value->text);
    free(value->where);
    *value = (struct config_input_value){0};
}

void config_input_deinit(struct config_input *input)
{
    config_env_deinit(&input->env);
    free(input->env_name);
    input->env_name = NULL;
    config_file_deinit(&input->file);
}
