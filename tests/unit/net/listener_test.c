#include "net/listener.h"

#include "net/socket.h"
#include "support/rig.h"

#include <arpa/inet.h>

struct door {
    struct rig rig;
    struct net_listener *listener;
    uint16_t port;
    int accepted[16];
    size_t accepted_count;
    size_t full_count;
    bool makes_room;
};

static struct door door;

static void on_accept(int fd, void *user)
{
    struct door *at = user;

    at->accepted[at->accepted_count++] = fd;
}

static void let_one_go(struct door *at)
{
    close(at->accepted[--at->accepted_count]);
    net_descriptors_give_connection(&at->rig.descriptors);
}

static bool on_full(void *user)
{
    struct door *at = user;

    at->full_count++;
    if (at->makes_room)
        let_one_go(at);
    return at->makes_room;
}

static const struct net_listener_events events = {.on_accept = on_accept, .on_full = on_full};

static int open_door(void **state)
{
    int fd;

    (void)state;
    door = (struct door){0};
    rig_open(&door.rig, 1000);
    fd = net_socket_listen("127.0.0.1", &door.port, false);
    assert_true(fd >= 0);
    door.listener = net_listener_open(&door.rig.loop, fd, &events, &door);
    assert_non_null(door.listener);
    return 0;
}

static int close_door(void **state)
{
    (void)state;
    while (door.accepted_count > 0)
        let_one_go(&door);
    if (door.listener != NULL)
        net_listener_close(door.listener);
    rig_turn(&door.rig);
    rig_close(&door.rig);
    return 0;
}

#define DOOR_TEST(name) cmocka_unit_test_setup_teardown(name, open_door, close_door)

static int visit(void)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(door.port),
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
    RIG_UNTIL(&door.rig, door.accepted_count == 5);
    assert_int_equal(atomic_load(&door.rig.descriptors.connections_count), 5);
    assert_int_equal(door.full_count, 0);
    for (int i = 0; i < 5; i++)
        close(visitors[i]);
}

static void who_comes_when_all_is_full_waits_until_there_is_room(void **state)
{
    int visitors[2];

    (void)state;
    door.rig.descriptors.connections_max = 1;
    visitors[0] = visit();
    visitors[1] = visit();
    RIG_UNTIL(&door.rig, door.full_count > 0);
    assert_int_equal(door.accepted_count, 1);
    let_one_go(&door);
    RIG_UNTIL(&door.rig, door.accepted_count == 1);
    close(visitors[0]);
    close(visitors[1]);
}

static void who_gives_way_makes_room_at_once(void **state)
{
    int visitors[2];

    (void)state;
    door.rig.descriptors.connections_max = 1;
    door.makes_room = true;
    visitors[0] = visit();
    RIG_UNTIL(&door.rig, door.accepted_count == 1);
    visitors[1] = visit();
    RIG_UNTIL(&door.rig, door.full_count == 1 && door.accepted_count == 1);
    assert_int_equal(atomic_load(&door.rig.descriptors.connections_count), 1);
    close(visitors[0]);
    close(visitors[1]);
}

static void a_full_house_with_nobody_at_the_door_evicts_nobody(void **state)
{
    int visitor;

    (void)state;
    door.rig.descriptors.connections_max = 1;
    door.makes_room = true;
    visitor = visit();
    RIG_UNTIL(&door.rig, door.accepted_count == 1);
    for (int i = 0; i < 5; i++)
        rig_turn(&door.rig);
    assert_int_equal(door.full_count, 0);
    close(visitor);
}

static void a_closed_door_lets_nobody_in(void **state)
{
    (void)state;
    net_listener_close(door.listener);
    door.listener = NULL;
    rig_turn(&door.rig);
    assert_int_equal(net_socket_probe("127.0.0.1", door.port), 0);
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
