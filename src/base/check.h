/* CHECK(x): states what must hold whatever the outside sends. It stays in release builds: a broken
 * invariant ends the process with the place and the condition rather than going on with it.
 *
 * Thread: any.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                  \
    do {                                                                                  \
        if (__builtin_expect(!(condition), 0)) {                                          \
            fprintf(stderr, "%s:%d: CHECK failed: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                      \
        }                                                                                 \
    } while (0)
