#include "net/clients.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"

#include <stdlib.h>

struct client {
    struct map_entry entry;
    const struct net_conn *conn;
    struct ip ip;
};

static uint64_t hash_of(const struct net_conn *conn)
{
    return hash_pair((uintptr_t)conn, 0);
}

static struct client *find(const struct net_clients *clients, const struct net_conn *conn)
{
    const uint64_t hash = hash_of(conn);

    for (struct map_entry *at = map_first(&clients->map, hash); at != NULL;
         at = map_next(at, hash)) {
        struct client *client = LIST_OWNER(at, struct client, entry);

        if (client->conn == conn)
            return client;
    }
    return NULL;
}

const struct ip *net_clients_find(const struct net_clients *clients, const struct net_conn *conn)
{
    const struct client *client = find(clients, conn);

    return client == NULL ? NULL : &client->ip;
}

void net_clients_set(struct net_clients *clients, const struct net_conn *conn, const struct ip *ip)
{
    struct client *client = find(clients, conn);

    if (client == NULL) {
        client = mem_new(sizeof *client);
        client->conn = conn;
        map_add(&clients->map, &client->entry, hash_of(conn));
    }
    client->ip = *ip;
}

void net_clients_remove(struct net_clients *clients, const struct net_conn *conn)
{
    struct client *client = find(clients, conn);

    if (client == NULL)
        return;
    map_remove(&clients->map, &client->entry);
    free(client);
}

void net_clients_deinit(struct net_clients *clients)
{
    CHECK(clients->map.count == 0);
    map_deinit(&clients->map);
}
