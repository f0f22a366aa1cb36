#include "server/notify.h"

#include "server/fd_passing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void server_notify_with(const char *state, const int *fds, size_t fds_count)
{
    const struct bytes path = bytes_of(getenv("NOTIFY_SOCKET"));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (path.len == 0 || path.len >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, path.data, path.len);
    if (address.sun_path[0] == '@')
        address.sun_path[0] = '\0'; /* an abstract address, in no folder */
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0)
        return;
    /* A manager that does not listen needs no notification. */
    if (connect(fd, (struct sockaddr *)&address,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len)) == 0)
        server_fd_passing_send(fd, bytes_of(state), fds, fds_count);
    close(fd);
}

void server_notify(const char *state)
{
    server_notify_with(state, NULL, 0);
}

bool server_notify_is_heard(void)
{
    return bytes_of(getenv("NOTIFY_SOCKET")).len > 0;
}

bool server_notify_is_watched(void)
{
    return getenv("NOTIFY_SOCKET") != NULL && getenv("WATCHDOG_USEC") != NULL;
}
