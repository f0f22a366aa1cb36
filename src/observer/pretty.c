#include "observer/pretty.h"

#include "base/jsonscan.h"
#include "base/printable.h"

#define INDENT_LEN 4

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

/* The text was scanned: brackets match and strings end. Stops where `out` has `len_max` bytes. */
static void append_indented(struct buffer *out, struct bytes json, size_t len_max)
{
    bool is_in_string = false;
    int depth = 0;

    for (size_t i = 0; i < json.len && out->len < len_max; i++) {
        const char c = json.data[i];

        if (is_in_string) {
            buffer_append_char(out, c);
            if (c == '\\')
                buffer_append_char(out, json.data[++i]);
            is_in_string = c != '"';
        } else if (is_empty_pair(json, i)) {
            buffer_append(out, json.data + i++, 2);
        } else if (c == '{' || c == '[') {
            buffer_append_char(out, c);
            append_line_start(out, ++depth);
        } else if (c == '}' || c == ']') {
            append_line_start(out, --depth);
            buffer_append_char(out, c);
        } else if (c == ',') {
            buffer_append_char(out, c);
            append_line_start(out, depth);
        } else if (c == ':') {
            buffer_append_text(out, ": ");
        } else if (!is_space(c)) {
            buffer_append_char(out, c);
            is_in_string = c == '"';
        }
    }
}

/* The lines are those of append_indented(): a string has none. */
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

/* Never in the middle of a character of UTF-8. */
static size_t cut_at(struct bytes text, size_t len_max)
{
    while (len_max > 0 && (text.data[len_max] & 0xc0) == 0x80)
        len_max--;
    return len_max;
}

void observer_pretty_append(struct buffer *out, struct bytes json, size_t len_max)
{
    /* Nothing gets shorter on the way, and the character at the cut is whole. */
    const size_t needed = len_max + 4;
    struct buffer indented = {0};
    struct buffer pretty = {0};
    struct jsonscan_value value;
    struct bytes text;

    if (jsonscan_parse(json, &value)) {
        append_indented(&indented, json, needed);
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
