#include "base/bytes.h"

#include "base/mem.h"

#include <string.h>
#include <strings.h>

bool bytes_equal_ignoring_case(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || strncasecmp(a.data, b.data, a.len) == 0);
}

struct bytes bytes_from(struct bytes text, size_t offset)
{
    if (offset >= text.len)
        return BYTES("");
    return (struct bytes){text.data + offset, text.len - offset};
}

struct bytes bytes_trim(struct bytes text)
{
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t'))
        text.len--;
    return text;
}

const char *bytes_find_last(struct bytes text, char c)
{
    for (size_t at = text.len; at > 0; at--)
        if (text.data[at - 1] == c)
            return text.data + at - 1;
    return NULL;
}

bool bytes_next(struct bytes *rest, char separator, struct bytes *piece)
{
    const char *end;

    if (rest->data == NULL)
        return false;
    end = rest->len ? memchr(rest->data, separator, rest->len) : NULL;
    if (end == NULL) {
        *piece = *rest;
        *rest = BYTES_NONE;
        return true;
    }
    *piece = (struct bytes){rest->data, (size_t)(end - rest->data)};
    *rest = (struct bytes){end + 1, rest->len - piece->len - 1};
    return true;
}

bool bytes_to_number(struct bytes text, uint64_t max, uint64_t *number)
{
    uint64_t value = 0;

    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned char)text.data[i] - '0';

        if (digit > 9 || digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}

int bytes_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

struct bytes bytes_clone(struct bytes text)
{
    if (text.data == NULL)
        return BYTES_NONE;
    return (struct bytes){mem_copy_text(text.data, text.len), text.len};
}

void bytes_free(struct bytes *own)
{
    free((void *)(uintptr_t)own->data);
    *own = BYTES_NONE;
}

char *bytes_copy(struct bytes text)
{
    return mem_copy_text(text.data, text.len);
}
