/* Suggests the valid word that a wrong one was probably meant to be.
 *
 * Thread: any.
 */
#pragma once

#include <stddef.h>

/* The candidate that takes the fewest changes to reach; NULL only if there is none. */
const char *config_nearest(const char *word, const char *const *candidates, size_t count);
