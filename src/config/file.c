#include "config/file.h"

#include "config/read.h"
#include "config/value.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_LEN_MAX ((size_t)4 * 1024 * 1024)

/* The parser's message quotes the text, "… near 'x'": x may be a piece of a secret. */
static void report_syntax(const char *name, json_error_t *problem, struct buffer *error)
{
    char *near = strstr(problem->text, " near ");

    if (near != NULL)
        *near = '\0';
    buffer_printf(error, "%s is not JSON: line %d, column %d: %s", name, problem->line,
                  problem->column, problem->text);
}

bool config_file_parse(struct config_file *file, struct bytes text, const char *name,
                       struct buffer *error)
{
    json_error_t problem;

    file->root = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &problem);
    if (file->root == NULL) {
        report_syntax(name, &problem, error);
        return false;
    }
    if (!config_file_is_object(file->root)) {
        buffer_printf(error, "%s holds no object; give {\"servers\": …, \"apps\": …}", name);
        json_decref(file->root);
        file->root = NULL;
        return false;
    }
    file->name = bytes_copy(bytes_of(name));
    return true;
}

static bool is_php(struct bytes text)
{
    return bytes_starts_with(bytes_trim(text), BYTES("<?php"));
}

bool config_file_load(struct config_file *file, const char *path, const char *name,
                      struct buffer *error)
{
    bool is_standard_input = strcmp(path, "-") == 0;
    struct buffer text = {0};
    int status = is_standard_input ? config_read_descriptor(STDIN_FILENO, FILE_LEN_MAX, &text)
                                   : config_read_file(path, FILE_LEN_MAX, &text);
    bool ok = status == 0;

    if (!is_standard_input)
        name = path;
    if (ok && is_php(buffer_bytes(&text))) {
        buffer_printf(
            error,
            "%s is PHP, and --config takes JSON; start in the application's folder, where "
            "config/reverb.php is found without --config",
            name);
        ok = false;
    } else if (ok)
        ok = config_file_parse(file, buffer_bytes(&text), name, error);
    else
        buffer_printf(error, "the configuration file %s cannot be read: %s", name,
                      strerror(status));
    file->is_resolved = is_standard_input;
    file->is_laravel = is_standard_input;
    buffer_deinit(&text);
    return ok;
}

bool config_file_take(struct config_file *file, const char *text, const char *name,
                      struct buffer *error)
{
    file->is_resolved = true;
    file->is_laravel = true;
    return config_file_parse(file, bytes_of(text), name, error);
}

void config_file_deinit(struct config_file *file)
{
    json_decref(file->root);
    free(file->name);
    *file = (struct config_file){0};
}

json_t *config_file_find(const json_t *object, const char *key)
{
    struct bytes rest = bytes_of(key);
    struct bytes part;
    json_t *value = NULL;

    while (bytes_next(&rest, '.', &part)) {
        char *name = bytes_copy(part);

        value = json_object_get(object, name);
        free(name);
        object = value;
    }
    return value;
}

bool config_file_is_object(const json_t *value)
{
    return json_is_object(value) || (json_is_array(value) && json_array_size(value) == 0);
}

json_t *config_file_elements(const json_t *list)
{
    json_t *elements = json_array();
    const char *name;
    json_t *value;
    size_t index;

    json_array_foreach((json_t *)(uintptr_t)list, index, value)
    {
        json_array_append(elements, value);
    }
    json_object_foreach((json_t *)(uintptr_t)list, name, value)
    {
        json_array_append(elements, value);
    }
    return elements;
}

static const char *kind_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    case JSON_NULL:
        return "null";
    case JSON_STRING:
        return "a text";
    default:
        return "a number";
    }
}

static bool fail(const struct config_setting *setting, const json_t *value, const char *where,
                 struct buffer *error)
{
    buffer_printf(error, "%s: %s does not fit; ", where, kind_of(value));
    config_value_expect(setting, error);
    return false;
}

static bool list_text(const struct config_setting *setting, const json_t *list, const char *where,
                      char **text, struct buffer *error)
{
    json_t *elements = config_file_elements(list);
    struct buffer joined = {0};
    bool ok = true;

    for (size_t i = 0; ok && i < json_array_size(elements); i++) {
        const json_t *element = json_array_get(elements, i);

        if (json_is_string(element))
            buffer_printf(&joined, "%s%s", i == 0 ? "" : ",", json_string_value(element));
        else
            ok = fail(setting, element, where, error);
    }
    if (ok)
        *text = bytes_copy(buffer_bytes(&joined));
    json_decref(elements);
    buffer_deinit(&joined);
    return ok;
}

/* Only flags may be true or false: a host or a port that is false is a mistake. */
static bool takes_booleans(const struct config_setting *setting)
{
    return setting->kind == CONFIG_SETTING_FLAG;
}

static char *number_text(const json_t *value)
{
    struct buffer text = {0};
    char *copy;

    if (json_is_integer(value))
        buffer_printf(&text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else /* 60.0 becomes 60; 0.5 stays as it is, and validation refuses it */
        buffer_printf(&text, "%.17g", json_real_value(value));
    copy = bytes_copy(buffer_bytes(&text));
    buffer_deinit(&text);
    return copy;
}

bool config_file_text(const struct config_setting *setting, const json_t *value, const char *where,
                      char **text, struct buffer *error)
{
    *text = NULL;
    switch (json_typeof(value)) {
    case JSON_NULL:
        return true;
    case JSON_STRING:
        if (setting->kind == CONFIG_SETTING_LIST && !setting->takes_text)
            return fail(setting, value, where, error);
        *text = bytes_copy(bytes_of(json_string_value(value)));
        return true;
    case JSON_INTEGER:
    case JSON_REAL:
        if (setting->kind == CONFIG_SETTING_LIST)
            return fail(setting, value, where, error);
        *text = number_text(value);
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        if (!takes_booleans(setting))
            return fail(setting, value, where, error);
        *text = bytes_copy(bytes_of(json_is_true(value) ? "true" : "false"));
        return true;
    case JSON_ARRAY:
    case JSON_OBJECT:
        if (setting->kind != CONFIG_SETTING_LIST)
            return fail(setting, value, where, error);
        return list_text(setting, value, where, text, error);
    }
    return fail(setting, value, where, error);
}
