/* Handing something over, so that it cannot be used afterwards: MOVE(x) is what `x` points to, and
 * `x` is NULL from then on. Whoever still uses it fails at once and always, not once in a thousand
 * times when the new owner was quicker.
 *
 * It is for every reference and every owned object that another one takes: a mail that is posted, a
 * struct that keeps a reference. A function that takes one is given the address of the caller's
 * variable, and empties it by this: `thing_take(thing, &welcome,
 * &cached)`. Who wants to go on using what it hands over takes a reference of its own first.
 *
 * In an argument list it must be the only mention of `x`: arguments are evaluated in any order.
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
