/* The addresses of the clients whose connection cannot tell it by its socket: a proxy has named it,
 * or it must be known when the socket is gone. They are kept here and not in the connections,
 * because most have none and an idle connection must stay small.
 *
 * Thread: the loop's.
 */
#pragma once

#include "base/ip.h"
#include "base/map.h"

struct net_conn;

struct net_clients {
    struct map map;
};

/* NULL: none was set. Valid until it is set again or removed. */
const struct ip *net_clients_find(const struct net_clients *clients, const struct net_conn *conn);
void net_clients_set(struct net_clients *clients, const struct net_conn *conn, const struct ip *ip);

/* Removing one that is not there does nothing. */
void net_clients_remove(struct net_clients *clients, const struct net_conn *conn);

/* After all have been removed. */
void net_clients_deinit(struct net_clients *clients);
