#include "base/buffer.h"

#include "base/check.h"
#include "base/mem.h"

#include <stdio.h>

#define CAP_MIN 64

void buffer_deinit(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->len = 0;
    if (buffer->cap > BUFFER_KEPT_BYTES)
        buffer_deinit(buffer);
}

char *buffer_grow(struct buffer *buffer, size_t len)
{
    size_t cap = buffer->cap ? buffer->cap : CAP_MIN;

    while (cap - buffer->len < len)
        cap *= 2;
    buffer->data = mem_resize(buffer->data, cap);
    buffer->cap = cap;
    return buffer->data + buffer->len;
}

void buffer_append_number(struct buffer *buffer, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buffer_append(buffer, digits + at, sizeof digits - at);
}

void buffer_vprintf(struct buffer *buffer, const char *format, va_list args)
{
    va_list again;
    int len;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    CHECK(len >= 0);
    buffer_reserve(buffer, (size_t)len + 1);
    vsnprintf(buffer->data + buffer->len, (size_t)len + 1, format, args);
    buffer->len += (size_t)len;
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buffer_vprintf(buffer, format, args);
    va_end(args);
}

void buffer_consume(struct buffer *buffer, size_t len)
{
    CHECK(len <= buffer->len);
    buffer->len -= len;
    if (buffer->len > 0)
        memmove(buffer->data, buffer->data + len, buffer->len);
    else
        buffer_clear(buffer);
}

struct bytes buffer_bytes(const struct buffer *buffer)
{
    return (struct bytes){buffer->data ? buffer->data : "", buffer->len};
}

const char *buffer_text(struct buffer *buffer)
{
    *buffer_reserve(buffer, 1) = '\0';
    return buffer->data;
}
