/* IP addresses and ranges of them: reading, writing, comparing. RFC 4291, RFC 4632.
 *
 * Thread: any.
 */
#pragma once

#include "base/bytes.h"

/* An IPv4 address is in the form ::ffff:192.0.2.1. All zero is the peer of a Unix socket, which has
 * no address. */
struct ip {
    uint8_t bytes[16];
};

/* With its NUL. */
#define IP_TEXT_LEN_MAX 46

/* A network in CIDR notation, one address, or `unix`. */
struct ip_range {
    struct ip ip;
    uint8_t prefix_len; /* of the 128 bits */
};

struct ip_ranges {
    struct ip_range *list; /* owned by whoever made it */
    size_t count;
};

/* "192.0.2.1" or "2001:db8::1", without zone, port and brackets. False if it is neither, or is the
 * unspecified address "::". */
bool ip_parse(struct bytes text, struct ip *ip);

/* The address of four or sixteen bytes. */
struct ip ip_of_v4(const uint8_t bytes[4]);
struct ip ip_of_v6(const uint8_t bytes[16]);

/* The shortest form: RFC 5952; "unix" for the peer of a Unix socket. */
void ip_write(const struct ip *ip, char out[IP_TEXT_LEN_MAX]);

bool ip_is_v4(const struct ip *ip);
bool ip_is_unix(const struct ip *ip);
bool ip_equal(const struct ip *a, const struct ip *b);

/* What one client has at its disposal: an IPv4 address, or the /64 of an IPv6 address. */
struct ip ip_network(const struct ip *ip);

/* "10.0.0.0/8", "2001:db8::/32", "192.0.2.1", "unix". Bits beyond the prefix do not count. */
bool ip_range_parse(struct bytes text, struct ip_range *range);

/* IPv4 addresses are in no range of IPv6, and Unix sockets only in `unix`. */
bool ip_range_contains(const struct ip_range *range, const struct ip *ip);
bool ip_ranges_contain(const struct ip_ranges *ranges, const struct ip *ip);
