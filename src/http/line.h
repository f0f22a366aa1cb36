/* The lines of HTTP: which bytes they may hold, where they end, and the fields of a head or of
 * trailers, "Name: value". RFC 9112 sections 2.2 and 5, RFC 9110 section 5.
 *
 * Text that comes in pieces is searched only once: each function begins at an offset and returns
 * one.
 *
 * Thread: any.
 */
#pragma once

#include "base/bytes.h"

#include <sys/types.h>

/* The offset of the first byte at or after `from` that is a space or a control character; the
 * text's length if there is none. */
size_t http_line_word_end(struct bytes text, size_t from);

/* The offset of the first byte at or after `from` that a token may not hold: RFC 9110 section
 * 5.6.2. */
size_t http_line_token_end(struct bytes text, size_t from);

/* Whether all bytes are allowed in a host with or without a port: RFC 3986 section 3.2.2. */
bool http_line_is_host(struct bytes text);

/* Finds the CR LF that ends a line, searching from `*searched`, which then says how far the search
 * got. Returns the offset of the next line, 0 if more must come first, or -400 with a text in
 * `*fault`: a control character, or a CR or LF alone. */
ssize_t http_line_end(struct bytes text, size_t *searched, const char **fault);

/* The same if it is known that the byte at `from` is a CR, or has not come yet. */
ssize_t http_line_end_at(struct bytes text, size_t from, const char **fault);

/* Offsets in the text, which may move. `name_len` 0: the empty line that ends all fields. */
struct http_line_field {
    uint32_t name_from;
    uint32_t name_len;
    uint32_t value_from; /* without surrounding blanks */
    uint32_t value_len;
};

/* How far a field has been read; zero-initialised before the first field. */
struct http_line_scan {
    size_t searched; /* 0: the field has not been begun */
    size_t colon;    /* 0: the colon has not come */
};

/* Reads the field line that begins at `from`, continuing where an earlier call with less text
 * stopped. Returns the offset of the next line, 0 if more must come first, or -400 with a text in
 * `*fault`. */
ssize_t http_line_field_parse(struct http_line_scan *scan, struct bytes text, size_t from,
                              struct http_line_field *field, const char **fault);

static inline struct bytes http_line_field_name(const struct http_line_field *field,
                                                const char *text)
{
    return (struct bytes){text + field->name_from, field->name_len};
}

static inline struct bytes http_line_field_value(const struct http_line_field *field,
                                                 const char *text)
{
    return (struct bytes){text + field->value_from, field->value_len};
}
