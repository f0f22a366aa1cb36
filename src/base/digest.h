/* HMAC-SHA256 and MD5 by OpenSSL, in lower-case hex.
 *
 * Thread: any; each keeps the state after the key that it used last.
 */
#pragma once

#include "base/bytes.h"

#define DIGEST_SHA256_HEX_LEN 64
#define DIGEST_MD5_HEX_LEN 32

/* Neither is NUL-terminated. */
void digest_hmac_sha256(struct bytes key, struct bytes text, char hex[DIGEST_SHA256_HEX_LEN]);
void digest_md5(struct bytes text, char hex[DIGEST_MD5_HEX_LEN]);

/* `hex` has room for twice `len`. */
void digest_write_hex(const uint8_t *digest, size_t len, char *hex);
