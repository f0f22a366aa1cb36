/* Addresses by connection. */

#include "net/clients.h"

#include "support/unit.h"

/* Only their addresses in memory count. */
static struct net_conn *conn_at(char *place)
{
    return (struct net_conn *)place;
}

static void each_connection_has_its_own_and_the_last_that_was_set(void **state)
{
    struct net_clients clients = {0};
    char places[3];
    const struct ip first = ip_of_v4((const uint8_t[]){192, 0, 2, 1});
    const struct ip second = ip_of_v4((const uint8_t[]){192, 0, 2, 2});

    (void)state;
    assert_null(net_clients_find(&clients, conn_at(&places[0])));
    net_clients_set(&clients, conn_at(&places[0]), &first);
    net_clients_set(&clients, conn_at(&places[1]), &first);
    net_clients_set(&clients, conn_at(&places[1]), &second);
    assert_memory_equal(net_clients_find(&clients, conn_at(&places[0])), &first, sizeof first);
    assert_memory_equal(net_clients_find(&clients, conn_at(&places[1])), &second, sizeof second);
    assert_null(net_clients_find(&clients, conn_at(&places[2])));
    net_clients_remove(&clients, conn_at(&places[0]));
    net_clients_remove(&clients, conn_at(&places[1]));
    net_clients_deinit(&clients);
}

static void one_that_was_removed_is_not_found_by_the_next_in_its_memory(void **state)
{
    struct net_clients clients = {0};
    char place;
    const struct ip client = ip_of_v4((const uint8_t[]){192, 0, 2, 1});

    (void)state;
    net_clients_remove(&clients, conn_at(&place));
    net_clients_set(&clients, conn_at(&place), &client);
    net_clients_remove(&clients, conn_at(&place));
    assert_null(net_clients_find(&clients, conn_at(&place)));
    net_clients_deinit(&clients);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_connection_has_its_own_and_the_last_that_was_set),
        cmocka_unit_test(one_that_was_removed_is_not_found_by_the_next_in_its_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
