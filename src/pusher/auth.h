/* Signatures: HMAC-SHA256 in lower-case hex. Pusher Channels, "Auth signatures".
 *
 * Thread: any.
 */
#pragma once

#include "base/digest.h"
#include "config/config.h"

#define PUSHER_AUTH_HEX_LEN DIGEST_SHA256_HEX_LEN

/* Signs `text` with the app's secret; not NUL-terminated. */
void pusher_auth_sign(const struct config_app *app, struct bytes text,
                      char out[PUSHER_AUTH_HEX_LEN]);

/* Whether `signature` is that of `text`; takes as long for a wrong one as for a right one. */
bool pusher_auth_is_signature(const struct config_app *app, struct bytes text,
                              struct bytes signature);

/* The same for `KEY:signature`, as clients send it. */
bool pusher_auth_is_valid(const struct config_app *app, struct bytes text, struct bytes auth);
