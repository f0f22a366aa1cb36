/* MD5 of several texts at one time. RFC 1321.
 *
 * There is an MD5 of our own beside OpenSSL's because each of its steps waits for the one before:
 * OpenSSL hashes one text as fast as that goes, and leaves most of the processor idle, which can
 * hash others in the same time. Three at once take about as long as one, and sixteen in the lanes
 * of AVX2 or AVX-512 about as long as two or three. A single text is left to OpenSSL.
 *
 * Thread: any.
 */
#pragma once

#include "base/digest.h"

/* The texts may be of any lengths; most is won where those are alike. The digests are in the order
 * of the texts and not NUL-terminated. */
void md5_many(const struct bytes *texts, size_t count, char (*hex)[DIGEST_MD5_HEX_LEN]);

/* For tests: by that kernel alone (src/base/md5.c), of those this processor has. */
size_t md5_kernels_count(void);
void md5_many_by(size_t kernel, const struct bytes *texts, size_t count,
                 char (*hex)[DIGEST_MD5_HEX_LEN]);
