#include "server/listen.h"

#include "support/command.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static struct server_listen listening;
static struct buffer error;
static struct server_predecessor nobody;

static bool listen_on(const char *host, uint16_t port, size_t workers_count)
{
    const struct config config = {.host = (char *)(uintptr_t)host, .port = port};

    nobody = (struct server_predecessor){.fd = -1};
    buffer_clear(&error);
    return server_listen_open(&listening, &config, workers_count, &nobody, &error);
}

static int close_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < listening.count; i++)
        close(listening.fds[i]);
    server_listen_deinit(&listening);
    listening = (struct server_listen){0};
    buffer_deinit(&error);
    return 0;
}

#define LISTEN_TEST(name) cmocka_unit_test_setup_teardown(name, NULL, close_all)

static void each_worker_has_a_socket_of_the_same_port(void **state)
{
    (void)state;
    assert_true(listen_on("127.0.0.1", 0, 3));
    assert_int_equal(listening.count, 3);
    assert_true(listening.port > 0);
    for (size_t i = 0; i < 3; i++) {
        struct sockaddr_in address = {0};
        socklen_t len = sizeof address;

        assert_int_equal(getsockname(listening.fds[i], (struct sockaddr *)&address, &len), 0);
        assert_int_equal(ntohs(address.sin_port), listening.port);
    }
    assert_false(listening.is_inherited);
    assert_int_equal(listening.other_fd, -1);
    server_listen_leave_other(&listening); /* there is none */
}

static void once_they_are_closed_nobody_answers(void **state)
{
    (void)state;
    assert_true(listen_on("127.0.0.1", 0, 1));
    assert_true(server_listen_is_answered(&listening));
    close(listening.fds[0]);
    listening.count = 0;
    assert_false(server_listen_is_answered(&listening));
}

static void a_port_in_use_is_said_to_be(void **state)
{
    struct server_listen first;

    (void)state;
    assert_true(listen_on("127.0.0.1", 0, 1));
    first = listening;
    for (size_t workers_count = 1; workers_count <= 2; workers_count++) {
        assert_false(listen_on("127.0.0.1", first.port, workers_count));
        assert_holds(buffer_bytes(&error), "on 127.0.0.1 is in use by another program; stop that, "
                                           "or choose another with --port");
        server_listen_deinit(&listening);
    }
    listening = first;
}

static void a_host_that_is_none_of_this_machine_is_said_to_be(void **state)
{
    (void)state;
    assert_false(listen_on("192.0.2.1", 0, 1));
    assert_holds(buffer_bytes(&error),
                 "host \"192.0.2.1\" is no address of this machine; give one");
    server_listen_deinit(&listening);
    assert_false(listen_on("x.invalid", 0, 1));
    assert_holds(buffer_bytes(&error), "host \"x.invalid\" does not resolve to an address; give");
}

/* In a process of its own, which systemd has given a socket of 127.0.0.1 by that name. Its exit
 * status is how many of the sockets are systemd's; 9: it listens elsewhere. */
static int open_given(int argc, char **argv)
{
    struct sockaddr_storage given;
    char pid[16];
    size_t count;

    (void)argc;
    listen_on("127.0.0.1", 0, 1);
    given = listening.address;
    if (listening.fds[0] != 3)
        dup2(listening.fds[0], 3);
    server_listen_deinit(&listening);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_FDNAMES", argv[0], 1);
    if (!listen_on(argv[1], 0, 2) || getenv("LISTEN_FDS") != NULL || listening.count != 2)
        return 8;
    count = listening.activated_count;
    server_listen_deinit(&listening);
    return memcmp(&given, &listening.address, sizeof(struct sockaddr_in)) == 0 ? (int)count : 9;
}

static void assert_given(const char *name, const char *host, int status)
{
    command_run_apart(&command, open_given, COMMAND_WORDS(name, host), STDOUT_FILENO);
    assert_int_equal(command.status, status);
    command_deinit(&command);
}

static void what_systemd_opened_is_used_wherever_it_listens(void **state)
{
    (void)state;
    assert_given("reverb.socket", "127.0.0.1", 1);
    assert_given("reverb.socket", "127.0.0.2", 1);
}

static void what_systemd_kept_is_used_only_where_it_is_still_wanted(void **state)
{
    (void)state;
    assert_given("reverb-port", "127.0.0.1", 0);
    assert_given("reverb-port", "127.0.0.2", 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LISTEN_TEST(each_worker_has_a_socket_of_the_same_port),
        LISTEN_TEST(once_they_are_closed_nobody_answers),
        LISTEN_TEST(a_port_in_use_is_said_to_be),
        LISTEN_TEST(a_host_that_is_none_of_this_machine_is_said_to_be),
        LISTEN_TEST(what_systemd_opened_is_used_wherever_it_listens),
        LISTEN_TEST(what_systemd_kept_is_used_only_where_it_is_still_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
