#include "pusher/auth.h"

#include <openssl/crypto.h>

void pusher_auth_sign(const struct config_app *app, struct bytes text,
                      char out[PUSHER_AUTH_HEX_LEN])
{
    digest_hmac_sha256(bytes_of(app->secret), text, out);
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

    /* The key is not secret; the signature behind the colon is compared in constant time. */
    return bytes_starts_with(auth, key) && auth.len > key.len && auth.data[key.len] == ':' &&
           pusher_auth_is_signature(app, text, bytes_from(auth, key.len + 1));
}
