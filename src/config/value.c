#include "config/value.h"

#include "base/check.h"
#include "base/mem.h"
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#define MASK "********"

static const struct {
    const char *word;
    uint32_t number;
} flags[] = {
    {"true", 1},  {"(true)", 1},  {"1", 1}, {"on", 1},  {"yes", 1},
    {"false", 0}, {"(false)", 0}, {"0", 0}, {"off", 0}, {"no", 0},
};

static void *field(const struct config_setting *setting, void *base)
{
    return (char *)base + setting->at;
}

static char *text_of(const struct config_setting *setting, const void *base)
{
    char *text;

    memcpy(&text, (const char *)base + setting->at, sizeof text);
    return text;
}

static char **list_of(const struct config_setting *setting, const void *base, size_t *count)
{
    char **list;

    memcpy(&list, (const char *)base + setting->at, sizeof list);
    memcpy(count, (const char *)base + setting->count_at, sizeof *count);
    return list;
}

static void store_list(const struct config_setting *setting, void *base, char **list, size_t count)
{
    memcpy(field(setting, base), &list, sizeof list);
    memcpy((char *)base + setting->count_at, &count, sizeof count);
}

static uint32_t number_of(const struct config_setting *setting, const void *base)
{
    const void *at = (const char *)base + setting->at;
    uint8_t byte;
    uint16_t half;
    uint32_t word;

    switch (setting->size) {
    case sizeof byte:
        memcpy(&byte, at, sizeof byte);
        return byte;
    case sizeof half:
        memcpy(&half, at, sizeof half);
        return half;
    default:
        CHECK(setting->size == sizeof word);
        memcpy(&word, at, sizeof word);
        return word;
    }
}

static void store_number(const struct config_setting *setting, void *base, uint32_t number)
{
    uint8_t byte = (uint8_t)number;
    uint16_t half = (uint16_t)number;

    switch (setting->size) {
    case sizeof byte:
        memcpy(field(setting, base), &byte, sizeof byte);
        break;
    case sizeof half:
        memcpy(field(setting, base), &half, sizeof half);
        break;
    default:
        CHECK(setting->size == sizeof number);
        memcpy(field(setting, base), &number, sizeof number);
        break;
    }
}

static bool is_text(const struct config_setting *setting)
{
    return setting->kind == CONFIG_SETTING_TEXT || setting->kind == CONFIG_SETTING_SECRET ||
           setting->kind == CONFIG_SETTING_PATH;
}

void config_value_expect(const struct config_setting *setting, struct buffer *error)
{
    switch (setting->kind) {
    case CONFIG_SETTING_NUMBER:
        buffer_printf(error, "give %s from %u to %u", setting->noun, setting->min, setting->max);
        break;
    case CONFIG_SETTING_FLAG:
        buffer_append_text(error, "give true or false");
        break;
    case CONFIG_SETTING_CHOICE:
        buffer_append_text(error, "give ");
        for (size_t i = 0; setting->choices[i] != NULL; i++) {
            const char *joint = setting->choices[i + 1] == NULL ? " or " : ", ";

            buffer_printf(error, "%s%s", i == 0 ? "" : joint, setting->choices[i]);
        }
        break;
    case CONFIG_SETTING_LIST:
        buffer_append_text(error, "give a list of texts");
        break;
    case CONFIG_SETTING_PATH:
        buffer_append_text(error, "give a path such as /ws");
        break;
    case CONFIG_SETTING_TEXT:
    case CONFIG_SETTING_SECRET:
        buffer_append_text(error, "give a text");
        break;
    }
}

static bool fail(const struct config_setting *setting, const char *text, const char *where,
                 const char *problem, struct buffer *error)
{
    buffer_printf(error, "%s: \"%s\" %s; ", where, text, problem);
    config_value_expect(setting, error);
    return false;
}

/* PHP_INT_MAX, with which applications say "no limit". */
static bool is_no_limit(struct bytes digits)
{
    return bytes_equal(digits, BYTES("9223372036854775807"));
}

static bool parse_number(const struct config_setting *setting, const char *text, const char *where,
                         uint32_t *number, struct buffer *error)
{
    struct bytes digits = bytes_trim(bytes_of(text));
    bool is_negative = bytes_starts_with(digits, BYTES("-"));
    uint64_t value;

    if (bytes_from(digits, is_negative).len == 0 ||
        strspn(digits.data + is_negative, "0123456789") < digits.len - is_negative)
        return fail(setting, text, where, "is not a number", error);
    if (is_no_limit(digits)) {
        *number = setting->max;
        return true;
    }
    if (is_negative || !bytes_to_number(digits, setting->max, &value) || value < setting->min)
        return fail(setting, text, where, "is out of range", error);
    *number = (uint32_t)value;
    return true;
}

static bool parse_flag(const struct config_setting *setting, const char *text, const char *where,
                       uint32_t *number, struct buffer *error)
{
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (bytes_equal_ignoring_case(bytes_trim(bytes_of(text)), bytes_of(flags[i].word))) {
            *number = flags[i].number;
            return true;
        }
    }
    return fail(setting, text, where, "is neither true nor false", error);
}

static bool parse_choice(const struct config_setting *setting, const char *text, const char *where,
                         uint32_t *number, struct buffer *error)
{
    for (uint32_t i = 0; setting->choices[i] != NULL; i++) {
        if (strcmp(text, setting->choices[i]) == 0) {
            *number = i;
            return true;
        }
    }
    return fail(setting, text, where, "is not known", error);
}

static bool parse(const struct config_setting *setting, const char *text, const char *where,
                  uint32_t *number, struct buffer *error)
{
    *number = 0;
    switch (setting->kind) {
    case CONFIG_SETTING_NUMBER:
        return parse_number(setting, text, where, number, error);
    case CONFIG_SETTING_FLAG:
        return parse_flag(setting, text, where, number, error);
    case CONFIG_SETTING_CHOICE:
        return parse_choice(setting, text, where, number, error);
    case CONFIG_SETTING_PATH:
        if (strpbrk(text, " \t\r\n?#%\\") != NULL)
            return fail(setting, text, where, "cannot be a path", error);
        return true;
    case CONFIG_SETTING_LIST:
    case CONFIG_SETTING_TEXT:
    case CONFIG_SETTING_SECRET:
        return true;
    }
    CHECK(false);
}

/* "ws", "/ws" and "/ws/" are all "/ws"; "/" is "". */
static char *normal_path(const char *text)
{
    struct bytes path = bytes_of(text);
    struct buffer normal = {0};
    char *copy;

    while (bytes_starts_with(path, BYTES("/")))
        path = bytes_from(path, 1);
    while (path.len > 0 && path.data[path.len - 1] == '/')
        path.len--;
    if (path.len > 0)
        buffer_append_char(&normal, '/');
    buffer_append_bytes(&normal, path);
    copy = bytes_copy(buffer_bytes(&normal));
    buffer_deinit(&normal);
    return copy;
}

static void set_list(const struct config_setting *setting, void *base, const char *text)
{
    struct bytes rest = bytes_of(text);
    struct bytes piece;
    char **list = NULL;
    size_t count = 0;

    config_value_clear(setting, base);
    while (bytes_next(&rest, ',', &piece)) {
        piece = bytes_trim(piece);
        if (piece.len == 0)
            continue;
        list = mem_resize(list, (count + 1) * sizeof *list);
        list[count++] = bytes_copy(piece);
    }
    store_list(setting, base, list, count);
}

bool config_value_check(const struct config_setting *setting, const char *text, const char *where,
                        struct buffer *error)
{
    uint32_t number;

    return parse(setting, text, where, &number, error);
}

bool config_value_set(const struct config_setting *setting, void *base, const char *text,
                      const char *where, struct buffer *error)
{
    uint32_t number;

    if (!parse(setting, text, where, &number, error))
        return false;
    if (setting->kind == CONFIG_SETTING_LIST) {
        set_list(setting, base, text);
    } else if (is_text(setting)) {
        char *copy =
            setting->kind == CONFIG_SETTING_PATH ? normal_path(text) : bytes_copy(bytes_of(text));

        config_value_clear(setting, base);
        memcpy(field(setting, base), &copy, sizeof copy);
    } else {
        store_number(setting, base, number);
    }
    return true;
}

bool config_value_is_unset(const struct config_setting *setting, const void *base)
{
    const char *text;
    size_t count;

    if (setting->kind == CONFIG_SETTING_LIST)
        return list_of(setting, base, &count) == NULL;
    if (!is_text(setting))
        return setting->unset != NULL && number_of(setting, base) == 0;
    text = text_of(setting, base);
    return text == NULL || *text == '\0';
}

static void print_list(const struct config_setting *setting, const void *base, struct buffer *out)
{
    size_t count;
    char **list = list_of(setting, base, &count);

    for (size_t i = 0; i < count; i++)
        buffer_printf(out, "%s%s", i == 0 ? "" : ", ", list[i]);
}

static bool lists_equal(const struct config_setting *setting, const void *a, const void *b)
{
    size_t a_count;
    size_t b_count;
    char **a_list = list_of(setting, a, &a_count);
    char **b_list = list_of(setting, b, &b_count);

    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++)
        if (strcmp(a_list[i], b_list[i]) != 0)
            return false;
    return true;
}

bool config_value_equal(const struct config_setting *setting, const void *a, const void *b)
{
    if (setting->kind == CONFIG_SETTING_LIST)
        return lists_equal(setting, a, b);
    if (is_text(setting))
        return bytes_equal(bytes_of(text_of(setting, a)), bytes_of(text_of(setting, b)));
    return number_of(setting, a) == number_of(setting, b);
}

void config_value_print(const struct config_setting *setting, const void *base, struct buffer *out)
{
    if (config_value_is_unset(setting, base)) {
        buffer_append_text(out, setting->unset != NULL ? setting->unset : "none");
        return;
    }
    switch (setting->kind) {
    case CONFIG_SETTING_SECRET:
        buffer_append_text(out, MASK);
        break;
    case CONFIG_SETTING_TEXT:
    case CONFIG_SETTING_PATH:
        buffer_append_text(out, text_of(setting, base));
        break;
    case CONFIG_SETTING_LIST:
        print_list(setting, base, out);
        break;
    case CONFIG_SETTING_FLAG:
        buffer_append_text(out, number_of(setting, base) ? "true" : "false");
        break;
    case CONFIG_SETTING_CHOICE:
        buffer_append_text(out, setting->choices[number_of(setting, base)]);
        break;
    case CONFIG_SETTING_NUMBER:
        buffer_append_number(out, number_of(setting, base));
        break;
    }
}

void config_value_clear(const struct config_setting *setting, void *base)
{
    char *none = NULL;

    if (setting->kind == CONFIG_SETTING_LIST) {
        size_t count;
        char **list = list_of(setting, base, &count);

        for (size_t i = 0; i < count; i++)
            free(list[i]);
        free(list);
        store_list(setting, base, NULL, 0);
    } else if (is_text(setting)) {
        free(text_of(setting, base));
        memcpy(field(setting, base), &none, sizeof none);
    }
}
