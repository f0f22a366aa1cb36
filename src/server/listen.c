#include "server/listen.h"

#include "net/socket.h"

#include <stdio.h>
#include <uv.h>

static void say_why_not_listening(const struct config *config, int status)
{
    if (status == UV_EADDRINUSE)
        fprintf(stderr,
                "reverb: port %u on %s is in use by another program; stop that, or choose another "
                "with --port or REVERB_SERVER_PORT\n",
                config->port, config->host);
    else if (status == UV_EACCES)
        fprintf(stderr,
                "reverb: port %u on %s may not be opened by this user; choose one above 1023, or "
                "allow it with CAP_NET_BIND_SERVICE\n",
                config->port, config->host);
    else if (status == UV_EADDRNOTAVAIL)
        fprintf(stderr,
                "reverb: host \"%s\" is no address of this machine; give one with --host or "
                "REVERB_SERVER_HOST, such as 0.0.0.0\n",
                config->host);
    else
        fprintf(stderr, "reverb: cannot listen on %s:%u: %s\n", config->host, config->port,
                uv_strerror(status));
}

bool server_listen(const struct config *config, size_t workers_count, uint16_t *port, int *fds)
{
    const bool is_shared = workers_count > 1;
    int status = is_shared ? net_socket_probe(config->host, config->port) : 0;

    *port = config->port;
    if (status == 0) {
        status = net_socket_listen(config->host, port, is_shared);
        fds[0] = status;
    }
    for (size_t i = 1; i < workers_count && status >= 0; i++) {
        status = net_socket_listen_again(fds[0]);
        fds[i] = status;
    }
    if (status < 0)
        say_why_not_listening(config, status);
    return status >= 0;
}
