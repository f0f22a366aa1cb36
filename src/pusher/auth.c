#include "pusher/auth.h"

#include "base/check.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string.h>

void pusher_auth_sign(const struct config_app *app, struct bytes text,
                      char out[PUSHER_AUTH_HEX_LEN])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[SHA256_DIGEST_LENGTH];
    unsigned digest_len = sizeof digest;

    CHECK(HMAC(EVP_sha256(), app->secret, (int)strlen(app->secret),
               (const unsigned char *)text.data, text.len, digest, &digest_len) != NULL);
    for (size_t i = 0; i < sizeof digest; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 0xf];
    }
}

bool pusher_auth_is_signature(const struct config_app *app, struct bytes text,
                              struct bytes signature)
{
    char expected[PUSHER_AUTH_HEX_LEN];

    pusher_auth_sign(app, text, expected);
    return signature.len == sizeof expected &&
           CRYPTO_memcmp(signature.data, expected, sizeof expected) == 0;
}

bool pusher_auth_is_valid(const struct config_app *app, struct bytes text, struct bytes auth)
{
    const struct bytes key = bytes_of(app->key);

    /* The key is not secret; what stands behind its colon is compared in constant time. */
    return bytes_starts_with(auth, key) && auth.len > key.len && auth.data[key.len] == ':' &&
           pusher_auth_is_signature(app, text, bytes_from(auth, key.len + 1));
}
