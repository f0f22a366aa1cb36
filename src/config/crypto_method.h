/* The SSL context option `crypto_method`: the TLS versions that may be spoken, as the sum of PHP's
 * constants STREAM_CRYPTO_METHOD_…, or as their names.
 *
 * Thread: any.
 */
#pragma once

#include "base/bytes.h"

/* PHP's bits, without the one that distinguishes clients from servers. */
#define CONFIG_CRYPTO_METHOD_TLS_1_2 32u
#define CONFIG_CRYPTO_METHOD_TLS_1_3 64u
#define CONFIG_CRYPTO_METHOD_SUPPORTED (CONFIG_CRYPTO_METHOD_TLS_1_2 | CONFIG_CRYPTO_METHOD_TLS_1_3)

/* Reads "96", "TLSv1_2" or
 * "STREAM_CRYPTO_METHOD_TLSv1_2_SERVER|STREAM_CRYPTO_METHOD_TLSv1_3_SERVER" into the bits of the
 * versions, supported or not. False if it is none of these. */
bool config_crypto_method_parse(struct bytes text, unsigned *versions);

/* Whether the method is PHP's word for "every version". */
bool config_crypto_method_is_any(unsigned versions);
