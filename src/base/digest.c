#include "base/digest.h"

#include "base/check.h"
#include "base/mem.h"

/* Their states are copied and continued, for which EVP takes longer than the hashing itself. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <string.h>

/* Two of the four blocks that HMAC hashes for a short text depend on the key alone: calls with the
 * same key, as most are, skip them. */
struct keyed {
    char *key; /* NULL: none yet */
    size_t key_len;
    SHA256_CTX inner; /* the states after the key */
    SHA256_CTX outer;
};

static pthread_key_t keyed_key;
static pthread_once_t keyed_once = PTHREAD_ONCE_INIT;

static void keyed_free(void *memory)
{
    struct keyed *keyed = memory;

    OPENSSL_clear_free(keyed->key, keyed->key_len);
    OPENSSL_cleanse(keyed, sizeof *keyed);
    free(keyed);
}

static void make_key(void)
{
    CHECK(pthread_key_create(&keyed_key, keyed_free) == 0);
}

static struct keyed *keyed_of_thread(void)
{
    static _Thread_local struct keyed *keyed;

    if (keyed != NULL)
        return keyed;
    pthread_once(&keyed_once, make_key);
    keyed = mem_new(sizeof *keyed);
    CHECK(pthread_setspecific(keyed_key, keyed) == 0);
    return keyed;
}

void digest_write_hex(const uint8_t *digest, size_t len, char *hex)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 0xf];
    }
}

static void begin_with(SHA256_CTX *context, const uint8_t *block, uint8_t pad)
{
    uint8_t padded[SHA256_CBLOCK];

    for (size_t i = 0; i < sizeof padded; i++)
        padded[i] = block[i] ^ pad;
    SHA256_Init(context);
    SHA256_Update(context, padded, sizeof padded);
    OPENSSL_cleanse(padded, sizeof padded);
}

static void use_key(struct keyed *keyed, struct bytes key)
{
    uint8_t block[SHA256_CBLOCK] = {0};

    if (keyed->key != NULL && keyed->key_len == key.len &&
        CRYPTO_memcmp(keyed->key, key.data, key.len) == 0)
        return;
    OPENSSL_clear_free(keyed->key, keyed->key_len);
    keyed->key = OPENSSL_memdup(key.data, key.len);
    keyed->key_len = key.len;
    if (key.len > sizeof block)
        SHA256((const uint8_t *)key.data, key.len, block);
    else if (key.len > 0)
        memcpy(block, key.data, key.len);
    begin_with(&keyed->inner, block, 0x36); /* RFC 2104 */
    begin_with(&keyed->outer, block, 0x5c);
    OPENSSL_cleanse(block, sizeof block);
}

void digest_hmac_sha256(struct bytes key, struct bytes text, char hex[DIGEST_SHA256_HEX_LEN])
{
    struct keyed *keyed = keyed_of_thread();
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256_CTX context;

    use_key(keyed, key);
    context = keyed->inner;
    SHA256_Update(&context, text.data, text.len);
    SHA256_Final(digest, &context);
    context = keyed->outer;
    SHA256_Update(&context, digest, sizeof digest);
    SHA256_Final(digest, &context);
    OPENSSL_cleanse(&context, sizeof context);
    digest_write_hex(digest, sizeof digest, hex);
}

void digest_md5(struct bytes text, char hex[DIGEST_MD5_HEX_LEN])
{
    uint8_t digest[MD5_DIGEST_LENGTH];
    MD5_CTX context;

    MD5_Init(&context);
    MD5_Update(&context, text.data, text.len);
    MD5_Final(digest, &context);
    digest_write_hex(digest, sizeof digest, hex);
}
