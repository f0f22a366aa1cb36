#include "base/digest.h"

#include "base/check.h"
#include "base/mem.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>

struct contexts {
    EVP_MAC_CTX *hmac; /* keeps the state after the key, which most calls share */
    char *key;
    size_t key_len;
    EVP_MD *md5;
    EVP_MD_CTX *md5_context;
};

static pthread_key_t contexts_key;
static pthread_once_t contexts_once = PTHREAD_ONCE_INIT;

static void contexts_free(void *memory)
{
    struct contexts *contexts = memory;

    EVP_MAC_CTX_free(contexts->hmac);
    OPENSSL_clear_free(contexts->key, contexts->key_len);
    EVP_MD_free(contexts->md5);
    EVP_MD_CTX_free(contexts->md5_context);
    free(contexts);
}

static void make_key(void)
{
    CHECK(pthread_key_create(&contexts_key, contexts_free) == 0);
}

static EVP_MAC_CTX *hmac_new(void)
{
    char name[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);

    EVP_MAC_free(mac); /* the context keeps a reference */
    CHECK(context != NULL && EVP_MAC_CTX_set_params(context, parameters) == 1);
    return context;
}

static struct contexts *contexts_of_thread(void)
{
    static _Thread_local struct contexts *contexts;

    if (contexts != NULL)
        return contexts;
    pthread_once(&contexts_once, make_key);
    contexts = mem_new(sizeof *contexts);
    contexts->hmac = hmac_new();
    contexts->md5 = EVP_MD_fetch(NULL, "MD5", NULL);
    contexts->md5_context = EVP_MD_CTX_new();
    CHECK(contexts->md5 != NULL && contexts->md5_context != NULL);
    CHECK(pthread_setspecific(contexts_key, contexts) == 0);
    return contexts;
}

void digest_write_hex(const uint8_t *digest, size_t len, char *hex)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 0xf];
    }
}

/* Two of the four blocks that HMAC hashes for a short text depend on the key alone: calls with the
 * same key skip them. */
static bool begin_hmac(struct contexts *contexts, struct bytes key)
{
    if (contexts->key != NULL && contexts->key_len == key.len &&
        CRYPTO_memcmp(contexts->key, key.data, key.len) == 0)
        return EVP_MAC_init(contexts->hmac, NULL, 0, NULL) == 1;
    OPENSSL_clear_free(contexts->key, contexts->key_len);
    contexts->key = OPENSSL_memdup(key.data, key.len);
    contexts->key_len = key.len;
    return EVP_MAC_init(contexts->hmac, (const unsigned char *)key.data, key.len, NULL) == 1;
}

void digest_hmac_sha256(struct bytes key, struct bytes text, char hex[DIGEST_SHA256_HEX_LEN])
{
    struct contexts *contexts = contexts_of_thread();
    EVP_MAC_CTX *hmac = contexts->hmac;
    unsigned char digest[DIGEST_SHA256_HEX_LEN / 2];
    size_t len;

    CHECK(begin_hmac(contexts, key) &&
          EVP_MAC_update(hmac, (const unsigned char *)text.data, text.len) == 1 &&
          EVP_MAC_final(hmac, digest, &len, sizeof digest) == 1 && len == sizeof digest);
    digest_write_hex(digest, len, hex);
}

void digest_md5(struct bytes text, char hex[DIGEST_MD5_HEX_LEN])
{
    const struct contexts *contexts = contexts_of_thread();
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len;

    CHECK(EVP_DigestInit_ex2(contexts->md5_context, contexts->md5, NULL) == 1 &&
          EVP_DigestUpdate(contexts->md5_context, text.data, text.len) == 1 &&
          EVP_DigestFinal_ex(contexts->md5_context, digest, &len) == 1 &&
          len == DIGEST_MD5_HEX_LEN / 2);
    digest_write_hex(digest, len, hex);
}
