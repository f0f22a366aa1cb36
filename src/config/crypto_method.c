#include "config/crypto_method.h"

#define SIDE 1u
#define SSL_3_AND_OLDER 6u
#define ALL 120u
/* What STREAM_CRYPTO_METHOD_SSLv23_CLIENT is: it is older than TLS 1.3. */
#define ALL_BEFORE_TLS_1_3 56u
#define NUMBER_MAX 127

static const struct {
    struct bytes name;
    unsigned versions;
} methods[] = {
    {BYTES("TLSv1_2"), CONFIG_CRYPTO_METHOD_TLS_1_2},
    {BYTES("TLSv1_3"), CONFIG_CRYPTO_METHOD_TLS_1_3},
    {BYTES("TLSv1_1"), 16},
    {BYTES("TLSv1_0"), 8},
    {BYTES("SSLv3"), 4},
    {BYTES("SSLv2"), 2},
    {BYTES("SSLv23"), ALL},
    {BYTES("TLS"), ALL},
    {BYTES("ANY"), ALL | SSL_3_AND_OLDER},
};

static void cut_suffix(struct bytes *text, struct bytes suffix)
{
    if (text->len > suffix.len && bytes_equal(bytes_from(*text, text->len - suffix.len), suffix))
        text->len -= suffix.len;
}

static bool parse_one(struct bytes text, unsigned *versions)
{
    static const struct bytes prefix = BYTES("STREAM_CRYPTO_METHOD_");
    uint64_t number;

    if (bytes_to_number(text, NUMBER_MAX, &number)) {
        *versions |= (unsigned)number & ~SIDE;
        return number > 0;
    }
    if (bytes_starts_with(text, prefix))
        text = bytes_from(text, prefix.len);
    cut_suffix(&text, BYTES("_SERVER"));
    cut_suffix(&text, BYTES("_CLIENT"));
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (bytes_equal(text, methods[i].name)) {
            *versions |= methods[i].versions;
            return true;
        }
    return false;
}

bool config_crypto_method_parse(struct bytes text, unsigned *versions)
{
    struct bytes one;
    bool ok = text.len > 0;

    *versions = 0;
    while (ok && bytes_next(&text, '|', &one))
        ok = parse_one(bytes_trim(one), versions);
    return ok;
}

bool config_crypto_method_is_any(unsigned versions)
{
    return (versions & ALL) == ALL || (versions & ~SSL_3_AND_OLDER) == ALL_BEFORE_TLS_1_3;
}
