#include "server/listen.h"

#include "base/log.h"
#include "base/mem.h"
#include "net/socket.h"
#include "net/unix_socket.h"
#include "server/fd_passing.h"
#include "server/notify.h"

#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#define ACTIVATED_FD_FIRST 3
/* The name of our own sockets in systemd's descriptor store. */
#define STORE_NAME "reverb-port"

static void say_why_not_listening(const struct config *config, int status, struct buffer *error)
{
    if (net_unix_socket_is_one(config->host))
        buffer_printf(error, "cannot listen on %s: %s", config->host,
                      status == UV_EADDRINUSE
                          ? "another program does, or the file is no socket; stop that, or choose "
                            "another path with --host or REVERB_SERVER_HOST"
                          : uv_strerror(status));
    else if (status == UV_EADDRINUSE)
        buffer_printf(error,
                      "port %u on %s is in use by another program; stop that, or choose another "
                      "with --port or REVERB_SERVER_PORT",
                      config->port, config->host);
    else if (status == UV_EACCES)
        buffer_printf(error,
                      "port %u on %s may not be opened by this user; choose one above 1023, or "
                      "allow it with CAP_NET_BIND_SERVICE",
                      config->port, config->host);
    else if (status == UV_EAI_NONAME)
        buffer_printf(error,
                      "host \"%s\" does not resolve to an address; give one with --host or "
                      "REVERB_SERVER_HOST, such as 0.0.0.0",
                      config->host);
    else if (status == UV_EADDRNOTAVAIL)
        buffer_printf(error,
                      "host \"%s\" is no address of this machine; give one with --host or "
                      "REVERB_SERVER_HOST, such as 0.0.0.0",
                      config->host);
    else
        buffer_printf(error, "cannot listen on %s:%u: %s", config->host, config->port,
                      uv_strerror(status));
}

static void add(struct server_listen *listen, int fd)
{
    listen->fds[listen->count++] = fd;
}

/* --- sockets taken over --------------------------------------------------------------------- */

static bool is_configured(const struct config *config, int fd)
{
    return net_socket_is_at(fd, config->host, config->port);
}

static void warn_of_other_address(const struct config *config)
{
    log_warn("systemd listens for this server, and not on %s:%u as it is configured: what the "
             "unit reverb.socket says counts",
             config->host, config->port);
}

/* Sockets of a socket unit come first; those of the store are used if they still match the
 * configuration. */
static void take_activated(struct server_listen *listen, const struct config *config)
{
    struct bytes names = bytes_of(getenv("LISTEN_FDNAMES"));
    uint64_t count = 0;
    uint64_t pid = 0;

    bytes_to_number(bytes_of(getenv("LISTEN_PID")), INT32_MAX, &pid);
    if (pid == (uint64_t)getpid())
        bytes_to_number(bytes_of(getenv("LISTEN_FDS")), SERVER_FD_PASSING_MAX, &count);
    for (uint64_t i = 0; i < count; i++) {
        const int fd = ACTIVATED_FD_FIRST + (int)i;
        struct bytes name = BYTES_NONE;
        bool is_stored;

        bytes_next(&names, ':', &name);
        is_stored = bytes_equal(name, BYTES(STORE_NAME));
        if (!net_socket_take(fd) || (is_stored && !is_configured(config, fd))) {
            close(fd);
            if (is_stored)
                server_notify("FDSTOREREMOVE=1\nFDNAME=" STORE_NAME);
            continue;
        }
        if (!is_stored && listen->activated_count == 0 && !is_configured(config, fd))
            warn_of_other_address(config);
        add(listen, fd);
        if (!is_stored) {
            /* In front of those of the store. */
            listen->fds[listen->count - 1] = listen->fds[listen->activated_count];
            listen->fds[listen->activated_count++] = fd;
        }
    }
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDNAMES");
}

static void take_inherited(struct server_listen *listen, const struct config *config,
                           struct server_predecessor *predecessor)
{
    int fds[SERVER_FD_PASSING_MAX];
    const size_t count = server_predecessor_take_sockets(predecessor, config->port, fds);
    struct sockaddr_storage address;
    uint16_t port = config->port;

    if (count > 0 && port == 0)
        net_socket_address(fds[0], &address, &port); /* the port that the system once chose */
    for (size_t i = 0; i < count; i++) {
        if (net_socket_is_at(fds[i], config->host, port) && net_socket_take(fds[i]))
            add(listen, fds[i]);
        else if (i + 1 == count)
            listen->other_fd = fds[i];
        else
            close(fds[i]);
    }
    listen->is_inherited = listen->count > 0;
}

/* --- sockets opened here -------------------------------------------------------------------- */

static int open_first(struct server_listen *listen, const struct config *config, bool is_shared)
{
    int status = is_shared ? net_socket_probe(config->host, config->port) : 0;

    listen->port = config->port;
    if (status == 0)
        status = net_socket_listen(config->host, &listen->port, is_shared);
    if (status >= 0)
        add(listen, status);
    return status;
}

/* Opens one for each worker if the sockets taken over allow it; else workers share one. */
static int open_more(struct server_listen *listen, size_t workers_count)
{
    const size_t given_count = listen->count;

    while (listen->count < workers_count) {
        int fd = net_socket_listen_again(listen->fds[0]);

        if (fd < 0)
            fd = net_socket_share(listen->fds[listen->count % given_count]);
        if (fd < 0)
            return fd;
        add(listen, fd);
    }
    return 0;
}

bool server_listen_open(struct server_listen *listen, const struct config *config,
                        size_t workers_count, struct server_predecessor *predecessor,
                        struct buffer *error)
{
    int status = 0;

    *listen = (struct server_listen){
        .port = config->port,
        .fds = mem_new((SERVER_FD_PASSING_MAX + workers_count + 1) * sizeof(int)),
        .other_fd = -1,
    };
    take_activated(listen, config);
    if (listen->count == 0)
        take_inherited(listen, config, predecessor);
    if (listen->count == 0)
        status = open_first(listen, config, workers_count > 1);
    if (status >= 0)
        status = open_more(listen, workers_count);
    if (status >= 0)
        status = net_socket_address(listen->fds[0], &listen->address, &listen->port);
    if (status < 0)
        say_why_not_listening(config, status, error);
    return status >= 0;
}

bool server_listen_check(const struct config *config, struct buffer *error)
{
    uint16_t port = config->port;
    const int fd = net_socket_listen(config->host, &port, false);

    if (fd >= 0 && net_unix_socket_is_one(config->host))
        unlink(net_unix_socket_path(config->host));
    if (fd >= 0)
        close(fd);
    else
        say_why_not_listening(config, fd, error);
    return fd >= 0;
}

void server_listen_store(const struct server_listen *listen)
{
    const size_t own_count = listen->count - listen->activated_count;
    size_t sent_count = 0;

    while (sent_count < own_count) {
        const size_t left = own_count - sent_count;
        const size_t count = left < SERVER_FD_PASSING_MAX ? left : SERVER_FD_PASSING_MAX;

        server_notify_with("FDSTORE=1\nFDNAME=" STORE_NAME,
                           listen->fds + listen->activated_count + sent_count, count);
        sent_count += count;
    }
}

bool server_listen_is_answered(const struct server_listen *listen)
{
    return net_socket_is_answered(&listen->address);
}

void server_listen_leave_other(struct server_listen *listen)
{
    if (listen->other_fd >= 0)
        close(listen->other_fd);
    listen->other_fd = -1;
}

void server_listen_deinit(struct server_listen *listen)
{
    free(listen->fds);
}
