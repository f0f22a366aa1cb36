#include "net/listener.h"

#include "net/socket.h"
#include "support/fixture.h"

#include <arpa/inet.h>

struct listening_socket {
    struct fixture fixture;
    struct net_listener *listener;
    uint16_t port;
    int accepted[16];
    size_t accepted_count;
    size_t full_count;
    bool makes_room;
};

static struct listening_socket listening_socket;

static void on_accept(int fd, void *user)
{
    struct listening_socket *at = user;

    at->accepted[at->accepted_count++] = fd;
}

static void let_one_go(struct listening_socket *at)
{
    close(at->accepted[--at->accepted_count]);
    net_descriptors_give_connection(&at->fixture.descriptors);
}

static bool on_full(void *user)
{
    struct listening_socket *at = user;

    at->full_count++;
    if (at->makes_room)
        let_one_go(at);
    return at->makes_room;
}

static const struct net_listener_events events = {.on_accept = on_accept, .on_full = on_full};

static int open_listening_socket(void **state)
{
    int fd;

    (void)state;
    listening_socket = (struct listening_socket){0};
    fixture_open(&listening_socket.fixture, 1000);
    fd = net_socket_listen("127.0.0.1", &listening_socket.port, false);
    assert_true(fd >= 0);
    listening_socket.listener =
        net_listener_open(&listening_socket.fixture.loop, fd, &events, &listening_socket);
    assert_non_null(listening_socket.listener);
    return 0;
}

static int close_listening_socket(void **state)
{
    (void)state;
    while (listening_socket.accepted_count > 0)
        let_one_go(&listening_socket);
    if (listening_socket.listener != NULL)
        net_listener_close(listening_socket.listener);
    fixture_turn(&listening_socket.fixture);
    fixture_close(&listening_socket.fixture);
    return 0;
}

#define DOOR_TEST(name) \
    cmocka_unit_test_setup_teardown(name, open_listening_socket, close_listening_socket)

static int visit(void)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(listening_socket.port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void who_comes_is_counted_and_let_in(void **state)
{
    int visitors[5];

    (void)state;
    for (int i = 0; i < 5; i++)
        visitors[i] = visit();
    FIXTURE_UNTIL(&listening_socket.fixture, listening_socket.accepted_count == 5);
    assert_int_equal(atomic_load(&listening_socket.fixture.descriptors.connections_count), 5);
    assert_int_equal(listening_socket.full_count, 0);
    for (int i = 0; i < 5; i++)
        close(visitors[i]);
}

static void who_comes_when_all_is_full_waits_until_there_is_room(void **state)
{
    int visitors[2];

    (void)state;
    listening_socket.fixture.descriptors.connections_max = 1;
    visitors[0] = visit();
    visitors[1] = visit();
    FIXTURE_UNTIL(&listening_socket.fixture, listening_socket.full_count > 0);
    assert_int_equal(listening_socket.accepted_count, 1);
    let_one_go(&listening_socket);
    FIXTURE_UNTIL(&listening_socket.fixture, listening_socket.accepted_count == 1);
    close(visitors[0]);
    close(visitors[1]);
}

static void who_gives_way_makes_room_at_once(void **state)
{
    int visitors[2];

    (void)state;
    listening_socket.fixture.descriptors.connections_max = 1;
    listening_socket.makes_room = true;
    visitors[0] = visit();
    FIXTURE_UNTIL(&listening_socket.fixture, listening_socket.accepted_count == 1);
    visitors[1] = visit();
    FIXTURE_UNTIL(&listening_socket.fixture,
                  listening_socket.full_count == 1 && listening_socket.accepted_count == 1);
    assert_int_equal(atomic_load(&listening_socket.fixture.descriptors.connections_count), 1);
    close(visitors[0]);
    close(visitors[1]);
}

static void a_full_house_with_nobody_at_the_door_evicts_nobody(void **state)
{
    int visitor;

    (void)state;
    listening_socket.fixture.descriptors.connections_max = 1;
    listening_socket.makes_room = true;
    visitor = visit();
    FIXTURE_UNTIL(&listening_socket.fixture, listening_socket.accepted_count == 1);
    for (int i = 0; i < 5; i++)
        fixture_turn(&listening_socket.fixture);
    assert_int_equal(listening_socket.full_count, 0);
    close(visitor);
}

static void a_closed_door_lets_nobody_in(void **state)
{
    (void)state;
    net_listener_close(listening_socket.listener);
    listening_socket.listener = NULL;
    fixture_turn(&listening_socket.fixture);
    assert_int_equal(net_socket_probe("127.0.0.1", listening_socket.port), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DOOR_TEST(who_comes_is_counted_and_let_in),
        DOOR_TEST(who_comes_when_all_is_full_waits_until_there_is_room),
        DOOR_TEST(who_gives_way_makes_room_at_once),
        DOOR_TEST(a_full_house_with_nobody_at_the_door_evicts_nobody),
        DOOR_TEST(a_closed_door_lets_nobody_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
