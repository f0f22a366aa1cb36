/* Cuts fields out of a JSON text (RFC 8259) without building a tree: it checks the whole text
 * strictly in one pass, and the values it returns are borrowed from the text.
 *
 * Thread: any. Memory: only decoding a string with escapes allocates.
 * The text must be UTF-8; whatever received it has checked that.
 */
#pragma once

#include "base/buffer.h"

enum jsonscan_type {
    JSONSCAN_ABSENT,
    JSONSCAN_NULL,
    JSONSCAN_BOOL,
    JSONSCAN_NUMBER,
    JSONSCAN_STRING,
    JSONSCAN_ARRAY,
    JSONSCAN_OBJECT,
};

struct jsonscan_value {
    enum jsonscan_type type;
    bool has_escapes; /* of a string */
    struct bytes raw; /* as it was sent; a string with its quotes */
};

/* A member that the caller looks for; `value` stays absent if the object has none of that name. If
 * it has several, the last counts, as in PHP's json_decode(). */
struct jsonscan_field {
    struct bytes name;
    struct jsonscan_value value;
};

/* Nested deeper than this is refused, as by PHP's json_decode(). */
#define JSONSCAN_DEPTH_MAX 512

/* Whether `text` is exactly one JSON value; `value` gets it. */
bool jsonscan_parse(struct bytes text, struct jsonscan_value *value);

/* Whether `text` is exactly one JSON object; fills in `fields`. If it is not, all of them are
 * absent: no part of an invalid text may be used. */
bool jsonscan_object(struct bytes text, struct jsonscan_field *fields, size_t fields_count);

/* Returns the elements of an array, or the values of an object's members, one a call; false at the
 * end. `rest` starts as the `raw` of a value that was scanned before. */
bool jsonscan_next_element(struct bytes *rest, struct jsonscan_value *element);

/* The content of the string, decoded; borrowed from the text if it has no escapes, else from
 * `scratch`, which is cleared first. */
struct bytes jsonscan_text(const struct jsonscan_value *string, struct buffer *scratch);
