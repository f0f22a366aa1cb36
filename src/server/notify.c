#include "server/notify.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void server_notify(const char *state)
{
    const struct bytes path = bytes_of(getenv("NOTIFY_SOCKET"));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    ssize_t sent;
    int fd;

    if (path.len == 0 || path.len >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, path.data, path.len);
    if (address.sun_path[0] == '@')
        address.sun_path[0] = '\0'; /* a name that stands in no folder */
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0)
        return;
    sent = sendto(fd, state, strlen(state), 0, (struct sockaddr *)&address,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len));
    (void)sent; /* a manager that does not listen has nothing to be told */
    close(fd);
}

bool server_notify_is_watched(void)
{
    return getenv("NOTIFY_SOCKET") != NULL && getenv("WATCHDOG_USEC") != NULL;
}
