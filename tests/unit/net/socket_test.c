#include "net/socket.h"

#include "support/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

static int connect_to(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static int accept_within_a_second(int listener)
{
    struct pollfd entry = {.fd = listener, .events = POLLIN};

    assert_int_equal(poll(&entry, 1, 1000), 1);
    return net_socket_accept(listener);
}

static void what_is_accepted_does_not_block_and_sends_at_once(void **state)
{
    uint16_t port = 0;
    const int listener = net_socket_listen("127.0.0.1", &port, false);
    int peer;
    int fd;
    int no_delay = 0;
    socklen_t len = sizeof no_delay;

    (void)state;
    assert_true(listener >= 0);
    assert_int_not_equal(port, 0);
    assert_int_equal(net_socket_accept(listener), UV_EAGAIN);
    peer = connect_to(port);
    fd = accept_within_a_second(listener);
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(listener, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &len), 0);
    assert_int_not_equal(no_delay, 0);
    close(fd);
    close(peer);
    close(listener);
}

static void a_port_that_is_taken_is_said_to_be(void **state)
{
    uint16_t port = 0;
    const int listener = net_socket_listen("127.0.0.1", &port, false);

    (void)state;
    assert_true(listener >= 0);
    assert_int_equal(net_socket_listen("127.0.0.1", &port, false), UV_EADDRINUSE);
    assert_int_equal(net_socket_probe("127.0.0.1", port), UV_EADDRINUSE);
    close(listener);
    assert_int_equal(net_socket_probe("127.0.0.1", port), 0);
    assert_int_equal(net_socket_probe("127.0.0.1", 0), 0);
}

static void a_shared_port_is_seen_by_the_probe(void **state)
{
    uint16_t port = 0;
    const int listener = net_socket_listen("127.0.0.1", &port, true);

    (void)state;
    assert_true(listener >= 0);
    assert_int_equal(net_socket_probe("127.0.0.1", port), UV_EADDRINUSE);
    close(listener);
}

static void several_workers_listen_on_one_port(void **state)
{
    uint16_t port = 0;
    const int first = net_socket_listen("127.0.0.1", &port, true);
    const int second = net_socket_listen_again(first);
    struct pollfd entries[] = {{.fd = first, .events = POLLIN}, {.fd = second, .events = POLLIN}};
    int accepted_count = 0;

    (void)state;
    assert_true(first >= 0 && second >= 0);
    for (int i = 0; i < 20; i++) {
        const int peer = connect_to(port);
        int fd;

        assert_true(poll(entries, 2, 1000) > 0);
        fd = net_socket_accept(entries[0].revents ? first : second);
        accepted_count += fd >= 0;
        close(fd);
        close(peer);
    }
    assert_int_equal(accepted_count, 20);
    close(first);
    close(second);
}

static void a_host_that_is_none_is_refused(void **state)
{
    uint16_t port = 0;

    (void)state;
    assert_int_equal(net_socket_listen("not an address", &port, false), UV_EAI_NONAME);
    assert_true(net_socket_listen("192.0.2.1", &port, false) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_accepted_does_not_block_and_sends_at_once),
        cmocka_unit_test(a_port_that_is_taken_is_said_to_be),
        cmocka_unit_test(a_shared_port_is_seen_by_the_probe),
        cmocka_unit_test(several_workers_listen_on_one_port),
        cmocka_unit_test(a_host_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
