/* A growing array of bytes with one owner; zero-initialised is empty and owns nothing. The
 * functions that write text are inline, because usually there is room.
 *
 * Thread: the owner's.
 */
#pragma once

#include "base/bytes.h"

#include <stdarg.h>
#include <string.h>

struct buffer {
    char *data;
    size_t len;
    size_t cap;
};

/* An emptied buffer does not keep more than this: what was large once would be held for good. */
#define BUFFER_KEPT_BYTES ((size_t)1024 * 1024)

void buffer_deinit(struct buffer *buffer);
void buffer_clear(struct buffer *buffer); /* keeps up to BUFFER_KEPT_BYTES of the memory */

/* Only for buffer_reserve(). */
char *buffer_grow(struct buffer *buffer, size_t len);

/* Makes room for `len` more bytes, and returns where they go. The caller adds to `len` what it has
 * written. */
static inline char *buffer_reserve(struct buffer *buffer, size_t len)
{
    if (buffer->data == NULL || buffer->cap - buffer->len < len)
        return buffer_grow(buffer, len);
    return buffer->data + buffer->len;
}

static inline void buffer_append(struct buffer *buffer, const void *data, size_t len)
{
    if (len == 0)
        return;
    memcpy(buffer_reserve(buffer, len), data, len);
    buffer->len += len;
}

static inline void buffer_append_bytes(struct buffer *buffer, struct bytes bytes)
{
    buffer_append(buffer, bytes.data, bytes.len);
}

static inline void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

static inline void buffer_append_char(struct buffer *buffer, char c)
{
    *buffer_reserve(buffer, 1) = c;
    buffer->len++;
}

void buffer_append_number(struct buffer *buffer, uint64_t number);
void buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buffer_vprintf(struct buffer *buffer, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Drops the first `len` bytes. */
void buffer_consume(struct buffer *buffer, size_t len);

struct bytes buffer_bytes(const struct buffer *buffer);

/* The content as a NUL-terminated text, borrowed from the buffer. */
const char *buffer_text(struct buffer *buffer);
