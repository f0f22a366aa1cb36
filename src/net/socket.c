#include "net/socket.h"

#include "base/bytes.h"
#include "net/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#ifdef __linux__
#include <linux/sockios.h>
#include <sys/ioctl.h>
#endif

#define LISTEN_COUNT_MAX 4096
/* Whoever may enter the folder of a Unix socket may connect, as to a port. */
#define UNIX_MASK 0111
/* A peer that vanished is noticed after 15 + 3 × 5 s. */
#define KEEPALIVE_IDLE_S 15
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_COUNT 3
/* How long a connection within this machine may take. */
#define ANSWER_MS 100

static int set_value(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : -errno;
}

static int set_option(int fd, int level, int name)
{
    return set_value(fd, level, name, 1);
}

static bool is_unix(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;

    return getsockname(fd, (struct sockaddr *)&address, &len) == 0 && address.ss_family == AF_UNIX;
}

static int set_non_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    return 0;
}

static int share_port(int fd)
{
#ifdef __linux__
    return set_option(fd, SOL_SOCKET, SO_REUSEPORT);
#else
    (void)fd;
    return 0;
#endif
}

static int open_bound(const struct sockaddr *address, socklen_t address_len, bool is_shared)
{
    int fd = socket(address->sa_family, SOCK_STREAM, 0);
    int status;

    if (fd < 0)
        return -errno;
    status = set_non_blocking(fd);
    if (status == 0)
        status = set_option(fd, SOL_SOCKET, SO_REUSEADDR);
    if (status == 0 && is_shared)
        status = share_port(fd);
    /* On Linux accepted sockets inherit this. */
    if (status == 0)
        status = set_option(fd, IPPROTO_TCP, TCP_NODELAY);
    if (status == 0 && bind(fd, address, address_len) != 0)
        status = -errno;
    if (status == 0 && listen(fd, LISTEN_COUNT_MAX) != 0)
        status = -errno;
    if (status == 0)
        return fd;
    close(fd);
    return status;
}

static void set_port(struct sockaddr *address, uint16_t port)
{
    if (address->sa_family == AF_INET6)
        ((struct sockaddr_in6 *)address)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)address)->sin_port = htons(port);
}

static uint16_t port_of(const struct sockaddr_storage *address)
{
    /* The kernel has filled it in behind the analyzer's back.
     * NOLINTBEGIN(clang-analyzer-core.CallAndMessage) */
    if (address->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
    return ntohs(((const struct sockaddr_in *)address)->sin_port);
    /* NOLINTEND(clang-analyzer-core.CallAndMessage) */
}

static int resolve(const char *host, struct sockaddr_storage *address, socklen_t *address_len)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found;

    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return UV_EAI_NONAME;
    memcpy(address, found->ai_addr, found->ai_addrlen);
    *address_len = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

int net_socket_listen(const char *host, uint16_t *port, bool is_shared)
{
    struct sockaddr_storage address = {0};
    socklen_t address_len;
    int fd;

    if (net_unix_socket_is_one(host))
        return net_unix_socket_listen(net_unix_socket_path(host), UNIX_MASK, LISTEN_COUNT_MAX);
    fd = resolve(host, &address, &address_len);
    if (fd < 0)
        return fd;
    set_port((struct sockaddr *)&address, *port);
    fd = open_bound((struct sockaddr *)&address, address_len, is_shared);
    if (fd < 0)
        return fd;
    if (getsockname(fd, (struct sockaddr *)&address, &address_len) == 0)
        *port = port_of(&address);
    return fd;
}

int net_socket_share(int listener)
{
    int fd = dup(listener);

    if (fd < 0)
        return -errno;
    if (set_non_blocking(fd) == 0)
        return fd;
    close(fd);
    return UV_EIO;
}

int net_socket_listen_again(int listener)
{
#ifdef __linux__
    struct sockaddr_storage address = {0};
    socklen_t address_len = sizeof address;

    if (getsockname(listener, (struct sockaddr *)&address, &address_len) != 0)
        return -errno;
    if (address.ss_family == AF_UNIX)
        return net_socket_share(listener);
    return open_bound((struct sockaddr *)&address, address_len, true);
#else
    return net_socket_share(listener);
#endif
}

/* --- sockets of another process ------------------------------------------------------------- */

bool net_socket_take(int fd)
{
    int is_listening = 0;
    socklen_t len = sizeof is_listening;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) == 0 &&
           is_listening != 0 && (is_unix(fd) || set_option(fd, IPPROTO_TCP, TCP_NODELAY) == 0) &&
           set_non_blocking(fd) == 0;
}

int net_socket_address(int fd, struct sockaddr_storage *address, uint16_t *port)
{
    socklen_t len = sizeof *address;

    memset(address, 0, sizeof *address);
    if (getsockname(fd, (struct sockaddr *)address, &len) != 0)
        return -errno;
    if (address->ss_family != AF_UNIX)
        *port = port_of(address);
    return 0;
}

static bool is_same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family || a->ss_family == AF_UNIX || port_of(a) != port_of(b))
        return false;
    if (a->ss_family == AF_INET6)
        return memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr,
                      &((const struct sockaddr_in6 *)b)->sin6_addr, sizeof(struct in6_addr)) == 0;
    return ((const struct sockaddr_in *)a)->sin_addr.s_addr ==
           ((const struct sockaddr_in *)b)->sin_addr.s_addr;
}

bool net_socket_is_at(int fd, const char *host, uint16_t port)
{
    struct sockaddr_storage wanted = {0};
    struct sockaddr_storage address = {0};
    socklen_t wanted_len;
    uint16_t actual_port = 0;

    if (net_unix_socket_is_one(host))
        return net_unix_socket_is_at(fd, net_unix_socket_path(host));
    if (resolve(host, &wanted, &wanted_len) < 0 ||
        net_socket_address(fd, &address, &actual_port) < 0)
        return false;
    set_port((struct sockaddr *)&wanted, port != 0 ? port : actual_port);
    return is_same_address(&wanted, &address);
}

/* The system may choose the port that we connect to as the port of our own end: then the socket is
 * connected to itself. */
static bool is_own_echo(int fd)
{
    struct sockaddr_storage here = {0};
    struct sockaddr_storage there = {0};
    socklen_t len = sizeof here;

    if (getsockname(fd, (struct sockaddr *)&here, &len) != 0)
        return false;
    len = sizeof there;
    return getpeername(fd, (struct sockaddr *)&there, &len) == 0 && is_same_address(&here, &there);
}

static socklen_t len_of(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_UNIX)
        return sizeof(struct sockaddr_un);
    return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : sizeof(struct sockaddr_in);
}

bool net_socket_is_answered(const struct sockaddr_storage *address)
{
    const socklen_t len = len_of(address);
    const int fd = socket(address->ss_family, SOCK_STREAM, 0);
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    bool is_answered = false;

    if (fd < 0 || set_non_blocking(fd) != 0) {
        /* Not known. */
    } else if (connect(fd, (const struct sockaddr *)address, len) == 0 ||
               (errno == EINPROGRESS && poll(&entry, 1, ANSWER_MS) == 1)) {
        is_answered = net_socket_connected(fd) == 0 && !is_own_echo(fd);
    }
    if (fd >= 0)
        close(fd);
    return is_answered;
}

int net_socket_probe(const char *host, uint16_t port)
{
    int fd;

    if (port == 0 || net_unix_socket_is_one(host))
        return 0;
    fd = net_socket_listen(host, &port, false);
    if (fd < 0)
        return fd;
    close(fd);
    return 0;
}

int net_socket_accept(int listener)
{
    int fd;

#ifdef __linux__
    fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return fd < 0 ? -errno : fd;
#else
    fd = accept(listener, NULL, NULL);
    if (fd < 0)
        return -errno;
    if (set_non_blocking(fd) == 0 && (is_unix(fd) || set_option(fd, IPPROTO_TCP, TCP_NODELAY) == 0))
        return fd;
    close(fd);
    return UV_EIO;
#endif
}

static int keep_alive(int fd)
{
#ifdef __APPLE__
    const int idle = TCP_KEEPALIVE;
#else
    const int idle = TCP_KEEPIDLE;
#endif
    int status = set_option(fd, SOL_SOCKET, SO_KEEPALIVE);

    if (status == 0)
        status = set_value(fd, IPPROTO_TCP, idle, KEEPALIVE_IDLE_S);
    if (status == 0)
        status = set_value(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    if (status == 0)
        status = set_value(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
    return status;
}

int net_socket_connect(const struct sockaddr *address, socklen_t address_len)
{
    int fd = socket(address->sa_family, SOCK_STREAM, 0);
    int status;

    if (fd < 0)
        return -errno;
    status = set_non_blocking(fd);
    if (status == 0 && address->sa_family != AF_UNIX)
        status = set_option(fd, IPPROTO_TCP, TCP_NODELAY);
    if (status == 0 && address->sa_family != AF_UNIX)
        status = keep_alive(fd);
    if (status == 0 && connect(fd, address, address_len) != 0 && errno != EINPROGRESS)
        status = -errno;
    if (status == 0)
        return fd;
    close(fd);
    return status;
}

size_t net_socket_unacknowledged(int fd)
{
#ifdef __linux__
    int bytes = 0;

    return ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? (size_t)bytes : 0;
#else
    (void)fd;
    return 0;
#endif
}

int net_socket_connected(int fd)
{
    int error = 0;
    socklen_t len = sizeof error;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        return -errno;
    return -error;
}

bool net_socket_peer(int fd, struct ip *peer)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;

    *peer = (struct ip){0};
    if (getpeername(fd, (struct sockaddr *)&address, &len) != 0)
        return false;
    /* An IPv4 address on a socket for both has the form of struct ip already. */
    if (address.ss_family == AF_INET6)
        *peer = ip_of_v6(((const struct sockaddr_in6 *)&address)->sin6_addr.s6_addr);
    else if (address.ss_family == AF_INET)
        *peer = ip_of_v4((const uint8_t *)&((const struct sockaddr_in *)&address)->sin_addr);
    return true;
}
