#include "config/read.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define CHUNK_LEN 16384

int config_read_descriptor(int descriptor, size_t len_max, struct buffer *out)
{
    size_t start = out->len;

    for (;;) {
        ssize_t len = read(descriptor, buffer_reserve(out, CHUNK_LEN), CHUNK_LEN);

        if (len == 0)
            return 0;
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return errno;
        out->len += (size_t)len;
        if (out->len - start > len_max)
            return EFBIG;
    }
}

int config_read_file(const char *path, size_t len_max, struct buffer *out)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    int status;

    if (descriptor < 0)
        return errno;
    status = config_read_descriptor(descriptor, len_max, out);
    close(descriptor);
    return status;
}
