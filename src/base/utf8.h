/* Checks UTF-8 (RFC 3629) piece by piece, as it arrives.
 *
 * Thread: any; each stream has a state of its own.
 */
#pragma once

#include "base/bytes.h"

/* Zero-initialised is the start of a text. */
struct utf8 {
    uint8_t pending; /* bytes that the current character still needs */
    uint8_t lower;   /* bounds of the next byte, if `pending` > 0 */
    uint8_t upper;
};

/* Checks the next piece; false as soon as no continuation could make the text valid. */
bool utf8_feed(struct utf8 *state, struct bytes piece);

/* Whether the text may end here: no character is incomplete. */
bool utf8_is_complete(const struct utf8 *state);

/* Checks a whole text. */
bool utf8_is_valid(struct bytes text);

/* The beginning of a valid text: its first `len_max` bytes at most, up to a whole character. */
struct bytes utf8_beginning(struct bytes text, size_t len_max);
