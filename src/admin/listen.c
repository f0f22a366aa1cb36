#include "admin/listen.h"

#include "net/socket.h"
#include "net/unix_socket.h"

#include <unistd.h>
#include <uv.h>

#define LISTEN_COUNT_MAX 64

/* A user who may write to the socket may administrate: only its owner and group. */
#define MASK 0117

int admin_listen(const struct config_address *address, uint16_t *port, struct buffer *error)
{
    int fd;

    *port = address->port;
    fd = address->is_unix ? net_unix_socket_listen(address->path, MASK, LISTEN_COUNT_MAX)
                          : net_socket_listen(address->host, port, false);
    if (fd >= 0)
        return fd;
    buffer_printf(error, "admin \"%s\" cannot be listened on: %s", address->text, uv_strerror(fd));
    return -1;
}

bool admin_listen_is_at(int fd, const struct config_address *address, uint16_t *port)
{
    struct sockaddr_storage where;

    *port = 0;
    if (address->is_unix)
        return net_unix_socket_is_at(fd, address->path) && net_socket_take(fd);
    return net_socket_take(fd) && net_socket_is_at(fd, address->host, address->port) &&
           net_socket_address(fd, &where, port) == 0;
}

void admin_listen_forget(const struct config_address *address)
{
    if (address->is_unix)
        unlink(address->path);
}
