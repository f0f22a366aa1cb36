/* Random numbers from the system, fit for keys and socket ids.
 *
 * Thread: any.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *out, size_t len);

/* 1 up to and including `max`, all equally likely. */
uint32_t random_between_1_and(uint32_t max);
