#include "base/platform.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef MSG_NOSIGNAL
#define SEND_FLAGS MSG_NOSIGNAL
#else
#define SEND_FLAGS 0
#endif

#ifdef SOCK_CLOEXEC
int platform_socket(int family)
{
    return socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
}
#else
int platform_socket(int family)
{
    const int fd = socket(family, SOCK_STREAM, 0);

    if (fd < 0)
        return fd;
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
#ifdef SO_NOSIGPIPE
    (void)setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &(const int){1}, sizeof(int));
#endif
    return fd;
}
#endif

#ifdef SO_PEERCRED
pid_t platform_peer(int fd)
{
    struct ucred peer = {0};
    socklen_t len = sizeof peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 ? peer.pid : 0;
}
#else
pid_t platform_peer(int fd)
{
    (void)fd;
    return 0;
}
#endif

#ifdef __linux__
bool platform_resident_file_bytes(size_t *bytes)
{
    FILE *file = fopen("/proc/self/statm", "re");
    char line[256] = "";
    char *at = line;
    const bool is_read = file != NULL && fgets(line, sizeof line, file) != NULL;
    unsigned long long shared_pages = 0; /* the third number */

    for (int i = 0; i < 3; i++)
        shared_pages = strtoull(at, &at, 10);
    if (file != NULL)
        fclose(file);
    *bytes = (size_t)shared_pages * (size_t)sysconf(_SC_PAGESIZE);
    return is_read;
}
#else
bool platform_resident_file_bytes(size_t *bytes)
{
    *bytes = 0;
    return false;
}
#endif

ssize_t platform_send(int fd, struct bytes data)
{
    return send(fd, data.data, data.len, SEND_FLAGS);
}
