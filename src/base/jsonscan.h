/* Cuts fields out of a JSON text (RFC 8259) without building a tree: it checks the whole text
 * strictly in one pass and hands out borrowed stretches of it.
 *
 * Thread: any. Memory: nothing is allocated but where a string with escapes is decoded.
 * The bytes must be UTF-8 already; that is checked by whoever received them.
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

/* A member the caller wants; `value` stays absent where the object has none of that name. As in
 * PHP's json_decode() the last of several counts. */
struct jsonscan_field {
    struct bytes name;
    struct jsonscan_value value;
};

/* Nested deeper than this is refused, as by PHP's json_decode(). */
#define JSONSCAN_DEPTH_MAX 512

/* Whether `text` is one JSON value with nothing behind it; `value` gets it. */
bool jsonscan_parse(struct bytes text, struct jsonscan_value *value);

/* Whether `text` is one JSON object with nothing behind it; fills `fields`. Otherwise all of them
 * are absent: nobody may go by a part of what is no JSON. */
bool jsonscan_object(struct bytes text, struct jsonscan_field *fields, size_t fields_count);

/* The elements of an array, or the values of an object's members, one a call. It was scanned
 * before, and `rest` starts as its `raw`. */
bool jsonscan_next_element(struct bytes *rest, struct jsonscan_value *element);

/* What the string says, without quotes and escapes; borrowed from the text where it has none, else
 * from `scratch`, which is cleared first. */
struct bytes jsonscan_text(const struct jsonscan_value *string, struct buffer *scratch);
