/* The lines that HTTP is made of: what may stand in them, where they end, and the fields of a head
 * or of trailers, "Name: value". RFC 9112 sections 2.2 and 5, RFC 9110 section 5.
 *
 * Text that comes in pieces is searched once: each function begins at an offset and answers one.
 *
 * Thread: any.
 */
#pragma once

#include "base/bytes.h"

#include <sys/types.h>

/* The first byte at or behind `from` that is a space or a control character; the text's length
 * where there is none. */
size_t http_line_word_end(struct bytes text, size_t from);

/* The first byte at or behind `from` that may not stand in a token: RFC 9110 section 5.6.2. */
size_t http_line_token_end(struct bytes text, size_t from);

/* Whether all bytes may stand in a host with or without a port: RFC 3986 section 3.2.2. */
bool http_line_is_host(struct bytes text);

/* Finds the CR LF that ends a line, from `*searched` on, which then says how far that was. Answers
 * where the next line begins, 0 where more must come first, or -400 and a text in `*fault`: a
 * control character, a CR or LF alone. */
ssize_t http_line_end(struct bytes text, size_t *searched, const char **fault);

/* The same where a CR stands at `from`, or nothing yet. */
ssize_t http_line_end_at(struct bytes text, size_t from, const char **fault);

/* Offsets in the text, which may move. Without a name: the empty line that ends all fields. */
struct http_line_field {
    uint32_t name_from;
    uint32_t name_len;
    uint32_t value_from; /* without the blanks around it */
    uint32_t value_len;
};

/* How far a field was read; zero-initialised before the first. */
struct http_line_scan {
    size_t searched; /* 0: not at all */
    size_t colon;    /* 0: it has not come */
};

/* Reads the field line that begins at `from`, on from where an earlier call with less text came to.
 * Answers where the next line begins, 0 where more must come first, or -400 and a text in `*fault`.
 */
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
