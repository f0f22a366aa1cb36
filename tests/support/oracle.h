/* jansson as the oracle for what is JSON. */
#pragma once

#include "base/bytes.h"
#include "base/utf8.h"

#include <jansson.h>
#include <string.h>

enum oracle_verdict {
    ORACLE_REFUSED,
    ORACLE_ACCEPTED,
    ORACLE_UNDECIDED, /* jansson cannot tell: large numbers, NUL in a name */
};

static inline enum oracle_verdict oracle_text(struct bytes text, json_t **root)
{
    json_error_t error;
    enum json_error_code code;

    *root = NULL;
    if (!utf8_is_valid(text))
        return ORACLE_UNDECIDED; /* the receiver of a text checks that before */
    if (text.len > 0 && memchr(text.data, '\0', text.len) != NULL)
        return ORACLE_REFUSED; /* jansson 2.14 overlooks a NUL behind a number */
    *root = json_loadb(text.data, text.len,
                       JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
    if (*root != NULL)
        return ORACLE_ACCEPTED;
    code = json_error_code(&error);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
                   code == json_error_stack_overflow
               ? ORACLE_UNDECIDED
               : ORACLE_REFUSED;
}

/* The text of a string. */
static inline struct bytes oracle_string(const json_t *string)
{
    return (struct bytes){json_string_value(string), json_string_length(string)};
}

/* The text of the member `key`; absent if it is no string. */
static inline struct bytes oracle_member(const json_t *object, const char *key)
{
    return oracle_string(json_object_get(object, key));
}
