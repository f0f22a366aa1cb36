/* The header of the PROXY protocol, versions 1 and 2, with which a proxy begins a connection to say
 * whose it is: proxy-protocol.txt of HAProxy.
 *
 * Thread: any.
 */
#pragma once

#include "base/ip.h"

#include <sys/types.h>

/* A longer one is refused; 232 bytes hold all but the extensions (TLV) of version 2. */
#define NET_PROXY_HEADER_LEN_MAX 4096

struct net_proxy_header {
    struct ip client;
    bool has_client; /* false: it names none (UNKNOWN, LOCAL, a Unix socket) */
};

/* Parses the header at the start of `text`. Returns its length, 0 if more is needed, or -1 if it is
 * none. What stands behind it does not count. Extensions are passed over, also a checksum. */
ssize_t net_proxy_header_parse(struct bytes text, struct net_proxy_header *header);
