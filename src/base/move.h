/* Hands a pointer over, so that the old owner cannot use it any more: MOVE(x) is the value of `x`,
 * and sets `x` to NULL. Code that still uses `x` then fails at once and every time, not once in a
 * thousand times when the new owner was quicker.
 *
 * It is for every reference and every owned object that changes its owner: a mail that is posted, a
 * reference that a struct keeps. A function that takes one gets the address of the caller's
 * variable, and moves out of it: `thing_take(thing, &welcome, &cached)`. A caller that wants to use
 * the object afterwards takes a reference of its own first.
 *
 * In an argument list, `x` must not occur a second time: arguments are evaluated in any order.
 */
#pragma once

#include <stddef.h>

#define MOVE(variable)                             \
    ({                                             \
        __typeof__(variable) *from_ = &(variable); \
        __typeof__(variable) moved_ = *from_;      \
                                                   \
        *from_ = NULL;                             \
        moved_;                                    \
    })
