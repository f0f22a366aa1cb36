/* Two passes, as in phpdotenv: lines are joined to an entry if `="` begins a value that its line
 * does not end; then each entry is split and its value parsed. The first pass only counts quotes:
 * it decides which lines belong together, the second reports errors. */
#include "config/env.h"

#include "base/check.h"
#include "base/mem.h"
#include "config/env_value.h"

#include <stdlib.h>
#include <string.h>

struct parser {
    struct config_env *env;
    const char *name;
    struct buffer *error;
    struct buffer joined; /* an entry over several lines */
    bool is_joining;
    size_t line;
    size_t entry_line; /* where the entry began */
};

static bool fail(struct parser *parser, const char *subject, const char *problem)
{
    buffer_printf(parser->error, "%s, line %zu: %s%s%s", parser->name, parser->entry_line, subject,
                  *subject ? ": " : "", problem);
    return false;
}

/* The characters that PHP's trim() removes; a form feed is not among them. */
static bool is_trimmed(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v';
}

static struct bytes trim(struct bytes text)
{
    while (text.len > 0 && is_trimmed(text.data[0]))
        text = bytes_from(text, 1);
    while (text.len > 0 && is_trimmed(text.data[text.len - 1]))
        text.len--;
    return text;
}

static bool is_name_char(char c)
{
    unsigned char byte = (unsigned char)c;

    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '.';
}

/* Letters outside ASCII are allowed. */
static bool is_name(struct bytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!is_name_char(name.data[i]) && (unsigned char)name.data[i] < 0x80)
            return false;
    }
    return name.len > 0;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The name without `export` before it and quotes around it. */
static struct bytes bare_name(struct bytes name)
{
    const struct bytes keyword = BYTES("export");

    if (name.len > keyword.len && bytes_starts_with(name, keyword) &&
        is_space(name.data[keyword.len])) {
        name = bytes_from(name, keyword.len);
        while (name.len > 0 && is_space(name.data[0]))
            name = bytes_from(name, 1);
    }
    if (name.len >= 3 && (name.data[0] == '"' || name.data[0] == '\'') &&
        name.data[name.len - 1] == name.data[0])
        name = (struct bytes){name.data + 1, name.len - 2};
    return name;
}

static const char *find(const struct config_env *env, struct bytes name)
{
    for (size_t i = env->count; i > 0; i--) {
        if (bytes_equal(bytes_of(env->entries[i - 1].name), name))
            return env->entries[i - 1].value;
    }
    return NULL;
}

/* The length of the `${NAME}` at the beginning of `text`; 0 if there is none. */
static size_t reference_len(struct bytes text)
{
    size_t len = 2;

    if (!bytes_starts_with(text, BYTES("${")))
        return 0;
    while (len < text.len && is_name_char(text.data[len]))
        len++;
    return len > 2 && len < text.len && text.data[len] == '}' ? len + 1 : 0;
}

static void replace(struct buffer *text, size_t at, size_t len, struct bytes with)
{
    struct buffer tail = {0};

    buffer_append(&tail, text->data + at + len, text->len - at - len);
    text->len = at;
    buffer_append_bytes(text, with);
    buffer_append_bytes(text, buffer_bytes(&tail));
    buffer_deinit(&tail);
}

/* From the last to the first, so that a name may contain a variable: ${A_${B}}. An unknown one
 * stays as it is. False if the value grows too long. */
static bool fill_in(const struct config_env *env, struct config_env_value *value)
{
    for (size_t i = config_env_value_dollars(value); i > 0; i--) {
        size_t at = config_env_value_dollar(value, i - 1);
        size_t len = reference_len(bytes_from(buffer_bytes(&value->text), at));
        const char *with;
        char *name;

        if (len == 0)
            continue;
        name = mem_copy_text(value->text.data + at + 2, len - 3);
        with = getenv(name);
        if (with == NULL)
            with = find(env, bytes_of(name));
        free(name);
        if (with != NULL)
            replace(&value->text, at, len, bytes_of(with));
        if (value->text.len > CONFIG_ENV_VALUE_LEN_MAX)
            return false;
    }
    return value->text.len <= CONFIG_ENV_VALUE_LEN_MAX;
}

static void add(struct config_env *env, struct bytes name, char *value)
{
    env->entries = mem_resize(env->entries, (env->count + 1) * sizeof *env->entries);
    env->entries[env->count++] = (struct config_env_entry){bytes_copy(name), value};
}

static bool parse_value(struct parser *parser, struct bytes name, struct bytes text)
{
    struct config_env_value value;
    const char *problem = config_env_value_parse(&value, text);

    if (problem == NULL && !fill_in(parser->env, &value))
        problem = "it is longer than 64 KiB";
    if (problem == NULL) {
        add(parser->env, name, bytes_copy(buffer_bytes(&value.text)));
    } else {
        char *subject = bytes_copy(name);

        fail(parser, subject, problem);
        free(subject);
    }
    config_env_value_deinit(&value);
    return problem == NULL;
}

static bool parse_entry(struct parser *parser, struct bytes entry)
{
    const char *equals = entry.len ? memchr(entry.data, '=', entry.len) : NULL;
    struct bytes name = entry;

    if (equals != NULL)
        name = trim((struct bytes){entry.data, (size_t)(equals - entry.data)});
    if (name.len == 0)
        return fail(parser, "", "no name stands before \"=\"");
    name = bare_name(name);
    /* The name is not printed: it may be a piece of a secret that lacks its quotes. */
    if (!is_name(name))
        return fail(parser, "", "no NAME=value; a name has letters, digits, _ and .");
    if (equals == NULL) {
        add(parser->env, name, NULL);
        return true;
    }
    return parse_value(parser, name, trim(bytes_from(entry, (size_t)(equals - entry.data) + 1)));
}

static bool parse_unless_comment(struct parser *parser, struct bytes entry)
{
    struct bytes trimmed = trim(entry);

    if (trimmed.len == 0 || trimmed.data[0] == '#')
        return true;
    return parse_entry(parser, entry);
}

/* Counts quotes without a backslash before them; pairs of backslashes do not count. */
static size_t count_quotes(struct bytes line)
{
    size_t count = 0;
    char before = '\0';

    for (size_t i = 0; i < line.len; i++) {
        if (line.data[i] == '\\' && i + 1 < line.len && line.data[i + 1] == '\\') {
            i++;
            continue;
        }
        if (line.data[i] == '"' && before != '\\')
            count++;
        before = line.data[i];
    }
    return count;
}

static bool begins_several_lines(struct bytes line)
{
    for (size_t i = 0; i + 1 < line.len; i++) {
        if (line.data[i] == '#')
            return false;
        if (line.data[i] == '=' && line.data[i + 1] == '"')
            return count_quotes(line) <= 1;
    }
    return false;
}

static bool take_line(struct parser *parser, struct bytes line)
{
    bool is_last = false;
    bool ok;

    parser->line++;
    if (parser->is_joining) {
        buffer_append_char(&parser->joined, '\n');
        is_last = count_quotes(line) >= 1;
    } else {
        parser->entry_line = parser->line;
        if (!begins_several_lines(line))
            return parse_unless_comment(parser, line);
        parser->is_joining = true;
    }
    buffer_append_bytes(&parser->joined, line);
    if (!is_last)
        return true;
    ok = parse_unless_comment(parser, buffer_bytes(&parser->joined));
    buffer_clear(&parser->joined);
    parser->is_joining = false;
    return ok;
}

/* Cuts the first line off `rest`; a line ends with \n, \r\n or \r. */
static struct bytes next_line(struct bytes *rest)
{
    struct bytes line = {rest->data, 0};
    size_t end_len;

    while (line.len < rest->len && rest->data[line.len] != '\n' && rest->data[line.len] != '\r')
        line.len++;
    end_len = bytes_starts_with(bytes_from(*rest, line.len), BYTES("\r\n")) ? 2 : 1;
    *rest = bytes_from(*rest, line.len + end_len);
    return line;
}

bool config_env_parse(struct config_env *env, struct bytes text, const char *name,
                      struct buffer *error)
{
    struct parser parser = {.env = env, .name = name, .error = error};
    bool ok = true;

    if (bytes_starts_with(text, BYTES("\xEF\xBB\xBF")))
        text = bytes_from(text, 3);
    if (text.len > 0 && memchr(text.data, '\0', text.len) != NULL) {
        buffer_printf(error, "%s is not a text file: it holds a NUL byte", name);
        return false;
    }
    while (ok && text.len > 0)
        ok = take_line(&parser, next_line(&text));
    if (ok && parser.is_joining)
        ok = parse_entry(&parser, buffer_bytes(&parser.joined));
    buffer_deinit(&parser.joined);
    return ok;
}

const char *config_env_find(const struct config_env *env, const char *name)
{
    return find(env, bytes_of(name));
}

struct bytes config_env_meaning(const char *text)
{
    static const struct {
        struct bytes word;
        struct bytes meaning;
    } words[] = {
        {{"true", 4}, {"true", 4}},     {{"(true)", 6}, {"true", 4}}, {{"false", 5}, {"false", 5}},
        {{"(false)", 7}, {"false", 5}}, {{"null", 4}, {NULL, 0}},     {{"(null)", 6}, {NULL, 0}},
        {{"empty", 5}, {"", 0}},        {{"(empty)", 7}, {"", 0}},
    };
    struct bytes value = bytes_of(text);

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (bytes_equal_ignoring_case(value, words[i].word))
            return words[i].meaning;
    }
    if (value.len >= 2 && (text[0] == '"' || text[0] == '\'') && text[value.len - 1] == text[0])
        return (struct bytes){text + 1, value.len - 2};
    return value;
}

void config_env_deinit(struct config_env *env)
{
    for (size_t i = 0; i < env->count; i++) {
        free(env->entries[i].name);
        free(env->entries[i].value);
    }
    free(env->entries);
    *env = (struct config_env){0};
}
