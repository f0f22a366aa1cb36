#include "net/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#define PREFIX "unix:"

bool net_unix_socket_is_one(const char *host)
{
    return strncmp(host, PREFIX, strlen(PREFIX)) == 0;
}

const char *net_unix_socket_path(const char *host)
{
    return host + strlen(PREFIX);
}

/* The socket file of a server that was killed refuses connections; one that accepts them is in use.
 * A file that is no socket refuses them too, and is somebody's. */
static bool is_left_behind(const struct sockaddr_un *address)
{
    struct stat info;
    bool is_refused;
    int fd;

    if (lstat(address->sun_path, &info) != 0 || !S_ISSOCK(info.st_mode))
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return false;
    is_refused = connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
                 errno == ECONNREFUSED;
    close(fd);
    return is_refused;
}

static int bind_and_listen(int fd, const struct sockaddr_un *address, mode_t mask, int count_max)
{
    const mode_t before = umask(mask);
    int status = bind(fd, (const struct sockaddr *)address, sizeof *address);

    if (status != 0 && errno == EADDRINUSE && is_left_behind(address) &&
        unlink(address->sun_path) == 0)
        status = bind(fd, (const struct sockaddr *)address, sizeof *address);
    status = status != 0 || listen(fd, count_max) != 0 ? -errno : 0;
    umask(before);
    return status;
}

int net_unix_socket_listen(const char *path, mode_t mask, int count_max)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int status;
    int fd;

    if (strlen(path) == 0 || strlen(path) >= sizeof name.sun_path)
        return UV_ENAMETOOLONG;
    memcpy(name.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return -errno;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    status = bind_and_listen(fd, &name, mask, count_max);
    if (status == 0)
        return fd;
    close(fd);
    return status;
}

bool net_unix_socket_is_at(int fd, const char *path)
{
    struct sockaddr_un name = {0};
    socklen_t len = sizeof name;

    return getsockname(fd, (struct sockaddr *)&name, &len) == 0 && name.sun_family == AF_UNIX &&
           strcmp(name.sun_path, path) == 0;
}
