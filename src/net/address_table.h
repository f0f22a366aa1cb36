/* How much each address does: its connections, new connections a second and requests a second. The
 * limits are those of the setting `address_limits`, of the server and of each app.
 *
 * All workers share one table: the kernel gives the connections of one address to any of them. It
 * has stripes with a lock each, which is held for one look-up. An address is that of base/ip.h's
 * ip_network(): an IPv4 address, or a /64.
 *
 * Thread: any.
 * Memory: an entry for each address with a connection, which the limit of open files bounds, and at
 * most NET_ADDRESS_TABLE_IDLE_MAX others. Of these the oldest is forgotten for a new one; each is
 * forgotten some time after a second, when it has all of its rate again.
 */
#pragma once

#include "base/ip.h"
#include "config/config.h"

#define NET_ADDRESS_TABLE_IDLE_MAX 65536

struct net_address_table;

struct net_address_table *net_address_table_new(void);
void net_address_table_free(struct net_address_table *table); /* NULL is fine */

/* Counts a connection of that address, until net_address_table_give_connection(). `scope` is 0 for
 * the whole server, else the app's. False, and it is not counted, if it is one too many, or too
 * many came within a second. */
bool net_address_table_take_connection(struct net_address_table *table, const struct ip *ip,
                                       uint64_t scope, const struct config_address_limits *limits,
                                       uint64_t now_ms);

void net_address_table_give_connection(struct net_address_table *table, const struct ip *ip,
                                       uint64_t scope, uint64_t now_ms);

/* False if that is a request too many in this second. */
bool net_address_table_take_request(struct net_address_table *table, const struct ip *ip,
                                    uint64_t scope, const struct config_address_limits *limits,
                                    uint64_t now_ms);

/* For tests: how many entries there are. */
size_t net_address_table_count(struct net_address_table *table);
