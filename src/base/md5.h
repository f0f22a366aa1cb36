/* MD5 of several texts at one time. RFC 1321.
 *
 * Why not OpenSSL's MD5 alone: each step of MD5 waits for the one before, so hashing one text
 * leaves most of the processor idle, which can hash others in the same time. Three texts at once
 * take about as long as one; sixteen in the lanes of AVX2 or AVX-512 about as long as two or three.
 * A single text is left to OpenSSL.
 *
 * Thread: any.
 */
#pragma once

#include "base/digest.h"

/* The texts may have any lengths; the gain is greatest if the lengths are alike. The digests are in
 * the order of the texts, and not NUL-terminated. */
void md5_many(const struct bytes *texts, size_t count, char (*hex)[DIGEST_MD5_HEX_LEN]);

/* For tests: uses one kernel alone (src/base/md5.c), of those that this processor supports. */
size_t md5_kernels_count(void);
void md5_many_by(size_t kernel, const struct bytes *texts, size_t count,
                 char (*hex)[DIGEST_MD5_HEX_LEN]);
