/* Checks UTF-8 (RFC 3629) piece by piece, as it arrives.
 *
 * Thread: any; a state belongs to one stream.
 */
#pragma once

#include "base/bytes.h"

/* Zero-initialised is the start of a text. */
struct utf8 {
    uint8_t pending; /* bytes the current character still wants */
    uint8_t lower;   /* what the next byte must lie between, where `pending` > 0 */
    uint8_t upper;
};

/* Goes over the next piece; false as soon as no continuation could make it valid. */
bool utf8_feed(struct utf8 *state, struct bytes piece);

/* Whether the text may end here: no character is cut in half. */
bool utf8_is_complete(const struct utf8 *state);

/* A whole text at once. */
bool utf8_is_valid(struct bytes text);
