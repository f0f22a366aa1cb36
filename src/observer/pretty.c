#include "observer/pretty.h"

#include "base/jsonscan.h"

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

/* The text was scanned: brackets match and strings end. */
static void append_indented(struct buffer *out, struct bytes json)
{
    bool is_in_string = false;
    int depth = 0;

    for (size_t i = 0; i < json.len; i++) {
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

/* The code of the control character at `at`, of one byte or of two (U+0080 to U+009F); 0 for none.
 */
static unsigned control_at(struct bytes text, size_t at)
{
    const unsigned char c = (unsigned char)text.data[at];
    const unsigned char next = at + 1 < text.len ? (unsigned char)text.data[at + 1] : 0;

    if (c == 0xc2 && next >= 0x80 && next <= 0x9f)
        return next;
    return c < 0x20 || c == 0x7f ? c : -1;
}

static void append_harmless(struct buffer *out, struct bytes text, bool has_lines)
{
    for (size_t i = 0; i < text.len; i++) {
        const int control = control_at(text, i);

        if (control < 0 || (has_lines && control == '\n')) {
            buffer_append_char(out, text.data[i]);
            continue;
        }
        buffer_printf(out, "\\u%04x", (unsigned)control);
        i += (unsigned char)text.data[i] == 0xc2;
    }
}

void observer_pretty_append_harmless(struct buffer *out, struct bytes text)
{
    append_harmless(out, text, false);
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
    struct buffer indented = {0};
    struct buffer pretty = {0};
    struct jsonscan_value value;
    struct bytes text;

    if (jsonscan_parse(json, &value))
        append_indented(&indented, json);
    else
        observer_pretty_append_harmless(&indented, json);
    append_harmless(&pretty, buffer_bytes(&indented), true);
    buffer_deinit(&indented);
    text = buffer_bytes(&pretty);
    if (text.len > len_max) {
        buffer_append(out, text.data, cut_at(text, len_max));
        buffer_append_text(out, "…");
    } else {
        buffer_append_bytes(out, text);
    }
    buffer_deinit(&pretty);
}
