#include "config/env_value.h"

#include "base/check.h"

#include <string.h>

enum state {
    STATE_INITIAL,
    STATE_UNQUOTED,
    STATE_SINGLE_QUOTED,
    STATE_DOUBLE_QUOTED,
    STATE_ESCAPE,
    STATE_WHITESPACE, /* after the value: only a comment may follow */
    STATE_COMMENT,
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void append_dollar(struct config_env_value *value)
{
    buffer_append(&value->dollars, &value->text.len, sizeof value->text.len);
    buffer_append_char(&value->text, '$');
}

static enum state step_unquoted(struct config_env_value *value, char c)
{
    if (c == '#')
        return STATE_COMMENT;
    if (is_space(c))
        return STATE_WHITESPACE;
    if (c == '$')
        append_dollar(value);
    else
        buffer_append_char(&value->text, c);
    return STATE_UNQUOTED;
}

static enum state step_initial(struct config_env_value *value, char c)
{
    if (c == '\'')
        return STATE_SINGLE_QUOTED;
    if (c == '"')
        return STATE_DOUBLE_QUOTED;
    return step_unquoted(value, c);
}

static enum state step_double_quoted(struct config_env_value *value, char c)
{
    if (c == '"')
        return STATE_WHITESPACE;
    if (c == '\\')
        return STATE_ESCAPE;
    if (c == '$')
        append_dollar(value);
    else
        buffer_append_char(&value->text, c);
    return STATE_DOUBLE_QUOTED;
}

static const char *step_escape(struct config_env_value *value, char c)
{
    static const char letters[] = "fnrtv\"\\$";
    static const char meanings[] = "\f\n\r\t\v\"\\$";
    const char *letter = strchr(letters, c);

    if (c == '\0' || letter == NULL)
        return "it has an escape other than \\n \\r \\t \\v \\f \\\" \\\\ \\$; write \\\\ for a "
               "backslash, or use single quotes";
    buffer_append_char(&value->text, meanings[letter - letters]);
    return NULL;
}

/* NULL, or an error message. */
static const char *step(struct config_env_value *value, enum state *state, char c)
{
    switch (*state) {
    case STATE_INITIAL:
        *state = step_initial(value, c);
        return NULL;
    case STATE_UNQUOTED:
        *state = step_unquoted(value, c);
        return NULL;
    case STATE_SINGLE_QUOTED:
        if (c == '\'')
            *state = STATE_WHITESPACE;
        else
            buffer_append_char(&value->text, c);
        return NULL;
    case STATE_DOUBLE_QUOTED:
        *state = step_double_quoted(value, c);
        return NULL;
    case STATE_ESCAPE:
        *state = STATE_DOUBLE_QUOTED;
        return step_escape(value, c);
    case STATE_WHITESPACE:
        if (c == '#')
            *state = STATE_COMMENT;
        else if (!is_space(c))
            return "more follows after its end; put a value with spaces in quotes";
        return NULL;
    case STATE_COMMENT:
        return NULL;
    }
    CHECK(false);
}

const char *config_env_value_parse(struct config_env_value *value, struct bytes text)
{
    enum state state = STATE_INITIAL;

    *value = (struct config_env_value){0};
    for (size_t i = 0; i < text.len; i++) {
        const char *problem = step(value, &state, text.data[i]);

        if (problem != NULL)
            return problem;
    }
    if (state == STATE_SINGLE_QUOTED || state == STATE_DOUBLE_QUOTED || state == STATE_ESCAPE)
        return "its closing quote is missing";
    return NULL;
}

size_t config_env_value_dollars(const struct config_env_value *value)
{
    return value->dollars.len / sizeof(size_t);
}

size_t config_env_value_dollar(const struct config_env_value *value, size_t index)
{
    size_t at;

    CHECK(index < config_env_value_dollars(value));
    memcpy(&at, value->dollars.data + index * sizeof at, sizeof at);
    return at;
}

void config_env_value_deinit(struct config_env_value *value)
{
    buffer_deinit(&value->text);
    buffer_deinit(&value->dollars);
}
