#include "base/random.h"

#include "base/check.h"

#include <openssl/rand.h>
#include <string.h>

/* Drawn in one call: eight bytes cost OpenSSL as much time as hundreds. */
#define STOCK_LEN 512

static void draw(uint8_t *out, size_t len)
{
    CHECK(RAND_bytes(out, (int)len) == 1);
}

void random_bytes(void *out, size_t len)
{
    static _Thread_local uint8_t stock[STOCK_LEN];
    static _Thread_local size_t left;

    if (len > STOCK_LEN) {
        draw(out, len);
        return;
    }
    if (left < len) {
        draw(stock, STOCK_LEN);
        left = STOCK_LEN;
    }
    left -= len;
    memcpy(out, stock + left, len);
    OPENSSL_cleanse(stock + left, len); /* used once, and then erased */
}

uint32_t random_between_1_and(uint32_t max)
{
    /* The last, incomplete range would favour small numbers: draw again. */
    const uint32_t fair_below = UINT32_MAX - UINT32_MAX % max;
    uint32_t drawn;

    do
        random_bytes(&drawn, sizeof drawn);
    while (drawn >= fair_below);
    return drawn % max + 1;
}
