#include "observer/pretty.h"

#include "base/jsonscan.h"
#include "base/printable.h"

#define INDENT_LEN 4

/* For `data`, and `channel_data` in it. */
#define EXPANSIONS_MAX 2

static void append_line_start(struct buffer *out, int depth)
{
    buffer_append_char(out, '\n');
    for (int i = 0; i < depth * INDENT_LEN; i++)
        buffer_append_char(out, ' ');
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_empty_pair(struct bytes json, size_t at)
{
    const struct bytes rest = bytes_from(json, at);

    return bytes_starts_with(rest, BYTES("{}")) || bytes_starts_with(rest, BYTES("[]"));
}

/* The output ends at `len_max` bytes; `depth` counts open brackets. */
struct layout {
    struct buffer *out;
    size_t len_max;
    int depth;
    int expansions_left;
};

static void append_indented(struct layout *layout, struct bytes json);

/* The string at the start of `json`, with its quotes. `json` was scanned, so the string ends. */
static struct bytes string_of(struct bytes json)
{
    size_t end = 1;

    while (json.data[end] != '"')
        end += json.data[end] == '\\' ? 2 : 1;
    return (struct bytes){json.data, end + 1};
}

/* The members that are sent as strings that hold JSON. */
static bool is_expanded(struct bytes key)
{
    return bytes_equal(key, BYTES("\"data\"")) || bytes_equal(key, BYTES("\"channel_data\""));
}

/* Appends the string's content indented if it is an object or a list; false if it is not. */
static bool append_expanded(struct layout *layout, struct bytes string)
{
    const struct jsonscan_value value = {JSONSCAN_STRING, true, string};
    struct buffer scratch = {0};
    struct jsonscan_value inner;
    const struct bytes text = jsonscan_text(&value, &scratch);
    const bool ok = jsonscan_parse(text, &inner) &&
                    (inner.type == JSONSCAN_OBJECT || inner.type == JSONSCAN_ARRAY);

    if (ok) {
        layout->expansions_left--;
        append_indented(layout, text);
        layout->expansions_left++;
    }
    buffer_deinit(&scratch);
    return ok;
}

static void append_string(struct layout *layout, struct bytes string)
{
    const size_t room = layout->len_max - layout->out->len;

    buffer_append(layout->out, string.data, string.len < room ? string.len : room);
}

static void append_mark(struct layout *layout, char c)
{
    if (c == '}' || c == ']')
        append_line_start(layout->out, --layout->depth);
    buffer_append_char(layout->out, c);
    if (c == '{' || c == '[')
        append_line_start(layout->out, ++layout->depth);
    else if (c == ',')
        append_line_start(layout->out, layout->depth);
    else if (c == ':')
        buffer_append_char(layout->out, ' ');
}

/* The text was scanned, so brackets match and strings end. */
static void append_indented(struct layout *layout, struct bytes json)
{
    struct bytes key = BYTES_NONE; /* whose value comes next */
    struct bytes string = BYTES_NONE;

    for (size_t i = 0; i < json.len && layout->out->len < layout->len_max; i++) {
        const char c = json.data[i];

        if (is_space(c))
            continue;
        if (c == '"') {
            string = string_of(bytes_from(json, i));
            i += string.len - 1;
            if (layout->expansions_left == 0 || !is_expanded(key) ||
                !append_expanded(layout, string))
                append_string(layout, string);
        } else if (is_empty_pair(json, i)) {
            buffer_append(layout->out, json.data + i++, 2);
        } else {
            append_mark(layout, c);
        }
        key = c == ':' ? string : BYTES_NONE;
    }
}

/* The line ends are those of append_indented(): a JSON string holds none. */
static void append_printable_lines(struct buffer *out, struct bytes lines)
{
    struct bytes line;
    bool is_first = true;

    while (bytes_next(&lines, '\n', &line)) {
        if (!is_first)
            buffer_append_char(out, '\n');
        is_first = false;
        printable_append(out, line);
    }
}

/* The greatest length up to `len_max` that does not cut a UTF-8 character. */
static size_t cut_at(struct bytes text, size_t len_max)
{
    while (len_max > 0 && (text.data[len_max] & 0xc0) == 0x80)
        len_max--;
    return len_max;
}

void observer_pretty_append(struct buffer *out, struct bytes json, size_t len_max)
{
    /* Indenting and escaping never shorten the text, and the character at the cut must be complete.
     */
    const size_t needed = len_max + 4;
    struct buffer indented = {0};
    struct buffer pretty = {0};
    struct jsonscan_value value;
    struct bytes text;

    if (jsonscan_parse(json, &value)) {
        append_indented(&(struct layout){&indented, needed, 0, EXPANSIONS_MAX}, json);
        append_printable_lines(&pretty, buffer_bytes(&indented));
    } else {
        printable_append(&pretty, (struct bytes){json.data, json.len < needed ? json.len : needed});
    }
    text = buffer_bytes(&pretty);
    if (text.len > len_max) {
        buffer_append(out, text.data, cut_at(text, len_max));
        buffer_append_text(out, "…");
    } else {
        buffer_append_bytes(out, text);
    }
    buffer_deinit(&indented);
    buffer_deinit(&pretty);
}
