/* A range of bytes that something else owns: borrowed, never NUL-terminated.
 *
 * Thread: any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const char *data; /* NULL means absent; "" means empty */
    size_t len;
};

#define BYTES(literal) ((struct bytes){(literal), sizeof(literal) - 1})
#define BYTES_NONE ((struct bytes){NULL, 0})
/* For printf's "%.*s". */
#define BYTES_ARGS(b) (int)(b).len, (b).data

/* The bytes of a NUL-terminated text; absent for NULL. */
static inline struct bytes bytes_of(const char *text)
{
    return (struct bytes){text, text ? strlen(text) : 0};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool bytes_starts_with(struct bytes text, struct bytes prefix)
{
    return text.len >= prefix.len &&
           (prefix.len == 0 || memcmp(text.data, prefix.data, prefix.len) == 0);
}

bool bytes_equal_ignoring_case(struct bytes a, struct bytes b); /* ASCII case */

/* `text` from `offset` on; empty if `text` is shorter. */
struct bytes bytes_from(struct bytes text, size_t offset);

/* Without spaces and tabs at both ends. */
struct bytes bytes_trim(struct bytes text);

/* The last `c` in `text`; NULL if there is none. */
const char *bytes_find_last(struct bytes text, char c);

/* Cuts the next piece, up to `separator`, off `rest`; false if nothing is left. */
bool bytes_next(struct bytes *rest, char separator, struct bytes *piece);

/* Reads a whole decimal number, digits only; false if it is not one, or greater than `max`. */
bool bytes_to_number(struct bytes text, uint64_t max, uint64_t *number);

/* The value of a hex digit in either case; -1 if it is not one. */
int bytes_hex_digit(char c);

/* A copy that the caller owns and releases with bytes_free(); absent if `text` is absent. */
struct bytes bytes_clone(struct bytes text);
void bytes_free(struct bytes *own); /* absent from then on */

/* A NUL-terminated copy that the caller must free(). Never for text from outside, which may hold a
 * NUL. */
char *bytes_copy(struct bytes text) __attribute__((returns_nonnull, malloc));
