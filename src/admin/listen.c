#include "admin/listen.h"

#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#define LISTEN_COUNT_MAX 64

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

static int bind_unix(int fd, const struct sockaddr_un *address)
{
    /* A user who may write to the socket may administrate: only its owner and group. */
    const mode_t before = umask(0117);
    int status = bind(fd, (const struct sockaddr *)address, sizeof *address);

    if (status != 0 && errno == EADDRINUSE && is_left_behind(address) &&
        unlink(address->sun_path) == 0)
        status = bind(fd, (const struct sockaddr *)address, sizeof *address);
    umask(before);
    return status != 0 || listen(fd, LISTEN_COUNT_MAX) != 0 ? -errno : 0;
}

static int listen_unix(const struct config_address *address)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int status;

    if (fd < 0)
        return -errno;
    memcpy(name.sun_path, address->path, strlen(address->path) + 1);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    status = bind_unix(fd, &name);
    if (status == 0)
        return fd;
    close(fd);
    return status;
}

int admin_listen(const struct config_address *address, uint16_t *port, struct buffer *error)
{
    int fd;

    *port = address->port;
    fd = address->is_unix ? listen_unix(address) : net_socket_listen(address->host, port, false);
    if (fd >= 0)
        return fd;
    buffer_printf(error, "admin \"%s\" cannot be listened on: %s", address->text, uv_strerror(fd));
    return -1;
}

static bool is_at_path(int fd, const char *path)
{
    struct sockaddr_un name = {0};
    socklen_t len = sizeof name;

    return getsockname(fd, (struct sockaddr *)&name, &len) == 0 && name.sun_family == AF_UNIX &&
           strcmp(name.sun_path, path) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

bool admin_listen_is_at(int fd, const struct config_address *address, uint16_t *port)
{
    struct sockaddr_storage where;

    *port = 0;
    if (address->is_unix)
        return is_at_path(fd, address->path);
    return net_socket_take(fd) && net_socket_is_at(fd, address->host, address->port) &&
           net_socket_address(fd, &where, port) == 0;
}

void admin_listen_forget(const struct config_address *address)
{
    if (address->is_unix)
        unlink(address->path);
}
