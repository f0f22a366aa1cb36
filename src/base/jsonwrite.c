#include "base/jsonwrite.h"

static bool needs_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

static void append_escape(struct buffer *out, unsigned char c)
{
    switch (c) {
    case '"':
        buffer_append(out, "\\\"", 2);
        break;
    case '\\':
        buffer_append(out, "\\\\", 2);
        break;
    case '\n':
        buffer_append(out, "\\n", 2);
        break;
    case '\r':
        buffer_append(out, "\\r", 2);
        break;
    case '\t':
        buffer_append(out, "\\t", 2);
        break;
    default:
        buffer_printf(out, "\\u%04x", c);
    }
}

void jsonwrite_escaped(struct buffer *out, struct bytes text)
{
    size_t plain_from = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (!needs_escape((unsigned char)text.data[i]))
            continue;
        buffer_append(out, text.data + plain_from, i - plain_from);
        append_escape(out, (unsigned char)text.data[i]);
        plain_from = i + 1;
    }
    buffer_append(out, text.data + plain_from, text.len - plain_from);
}

void jsonwrite_string(struct buffer *out, struct bytes text)
{
    buffer_append_char(out, '"');
    jsonwrite_escaped(out, text);
    buffer_append_char(out, '"');
}
