/* Truth: several texts hashed together, by every kernel that this processor supports, have the
 * digests that OpenSSL computes for each.
 *
 * The first byte is the number of texts, the next ones are the length of each, in units of the byte
 * after them. The texts' bytes follow, and start again at their end.
 */

#include "base/md5.h"

#include "fuzz.h"

#define TEXTS_COUNT_MAX 40

static char hex[TEXTS_COUNT_MAX][DIGEST_MD5_HEX_LEN];

/* In memory of its exact length: the sanitizer notices a read beyond the end. */
static struct bytes text_of(struct bytes source, size_t from, size_t len)
{
    char *text = malloc(len ? len : 1);

    CHECK(text != NULL);
    for (size_t i = 0; i < len; i++)
        text[i] = source.len ? source.data[(from + i) % source.len] : '\0';
    return (struct bytes){text, len};
}

static void check(const struct bytes *texts, size_t count)
{
    char one[DIGEST_MD5_HEX_LEN];

    for (size_t i = 0; i < count; i++) {
        digest_md5(texts[i], one);
        CHECK(memcmp(hex[i], one, sizeof one) == 0);
    }
    memset(hex, 0, sizeof hex);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct bytes texts[TEXTS_COUNT_MAX];
    size_t count;
    size_t step;

    if (len < 2)
        return 0;
    count = data[0] % (TEXTS_COUNT_MAX + 1);
    if (len < 2 + count)
        return 0;
    step = data[1 + count] % 64;
    for (size_t i = 0; i < count; i++)
        texts[i] =
            text_of(fuzz_bytes(data + 2 + count, len - 2 - count), i, data[1 + i] * (1 + step));
    md5_many(texts, count, hex);
    check(texts, count);
    for (size_t kernel = 0; kernel < md5_kernels_count(); kernel++) {
        md5_many_by(kernel, texts, count, hex);
        check(texts, count);
    }
    for (size_t i = 0; i < count; i++)
        free((char *)(uintptr_t)texts[i].data);
    return 0;
}
