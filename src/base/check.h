/* CHECK(x): states an invariant, which no outside bytes can break. It stays in release builds: if
 * the condition is false, it prints the place and the condition and aborts.
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
