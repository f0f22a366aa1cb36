#include "base/random.h"

#include "base/check.h"

#include <openssl/rand.h>

void random_bytes(void *out, size_t len)
{
    CHECK(RAND_bytes(out, (int)len) == 1);
}

uint32_t random_between_1_and(uint32_t max)
{
    /* The last, incomplete stretch would favour small numbers: drawn again. */
    const uint32_t fair_below = UINT32_MAX - UINT32_MAX % max;
    uint32_t drawn;

    do
        random_bytes(&drawn, sizeof drawn);
    while (drawn >= fair_below);
    return drawn % max + 1;
}
