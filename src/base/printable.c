#include "base/printable.h"

#include "base/utf8.h"

#include <stdarg.h>

#define CHARACTER_LEN_MAX 4

/* The length of the character that `text` begins with; 0 if it begins with none. */
static size_t character_len(struct bytes text)
{
    struct utf8 state = {0};

    for (size_t len = 1; len <= CHARACTER_LEN_MAX && len <= text.len; len++) {
        if (!utf8_feed(&state, (struct bytes){text.data + len - 1, 1}))
            return 0;
        if (utf8_is_complete(&state))
            return len;
    }
    return 0;
}

/* The code of a character of `len` bytes. The longer it is, the fewer bits its first byte carries.
 */
static unsigned code_of(const char *character, size_t len)
{
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned code = (unsigned char)character[0] & first_bits[len];

    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)character[i] & 0x3f);
    return code;
}

static bool is_harmless(unsigned code)
{
    const bool is_control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
    const bool is_line_end = code == 0x2028 || code == 0x2029;
    const bool is_direction =
        (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);

    return !is_control && !is_line_end && !is_direction;
}

/* Appends the escape that JSON uses. */
static void append_control(struct buffer *out, unsigned code)
{
    if (code == '\n')
        buffer_append_text(out, "\\n");
    else if (code == '\r')
        buffer_append_text(out, "\\r");
    else if (code == '\t')
        buffer_append_text(out, "\\t");
    else
        buffer_printf(out, "\\u%04x", code);
}

/* JSON has ASCII control characters only between its parts, so each becomes a space. It has no
 * `\x9b`, so a byte that is not UTF-8 becomes `\u009b`. */
static void append_escape(struct buffer *out, struct bytes character, bool is_json)
{
    if (character.len == 0)
        buffer_printf(out, is_json ? "\\u%04x" : "\\x%02x", (unsigned char)character.data[0]);
    else if (is_json && (unsigned char)character.data[0] < 0x20)
        buffer_append_char(out, ' ');
    else
        append_control(out, code_of(character.data, character.len));
}

static void append(struct buffer *out, struct bytes text, bool is_json)
{
    size_t plain_from = 0;
    size_t at = 0;

    while (at < text.len) {
        const struct bytes rest = bytes_from(text, at);
        const size_t len = character_len(rest);
        const size_t step = len > 0 ? len : 1;

        if (len == 0 || !is_harmless(code_of(rest.data, len))) {
            buffer_append(out, text.data + plain_from, at - plain_from);
            append_escape(out, (struct bytes){rest.data, len}, is_json);
            plain_from = at + step;
        }
        at += step;
    }
    buffer_append(out, text.data + plain_from, text.len - plain_from);
}

void printable_append(struct buffer *out, struct bytes text)
{
    append(out, text, false);
}

void printable_append_json(struct buffer *out, struct bytes json)
{
    append(out, json, true);
}

void printable_print(FILE *file, struct bytes text)
{
    struct buffer line = {0};

    printable_append(&line, text);
    buffer_append_char(&line, '\n');
    fwrite(line.data, 1, line.len, file);
    buffer_deinit(&line);
}

void printable_print_line(FILE *file, const char *format, ...)
{
    struct buffer text = {0};
    va_list args;

    va_start(args, format);
    buffer_vprintf(&text, format, args);
    va_end(args);
    printable_print(file, buffer_bytes(&text));
    buffer_deinit(&text);
}
