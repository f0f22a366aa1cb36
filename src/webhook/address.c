#include "webhook/address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct network {
    uint32_t address;
    unsigned bits;
};

#define IPV4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

static const struct network private_networks[] = {
    {IPV4(0, 0, 0, 0), 8},     {IPV4(10, 0, 0, 0), 8},      {IPV4(100, 64, 0, 0), 10},
    {IPV4(127, 0, 0, 0), 8},   {IPV4(169, 254, 0, 0), 16},  {IPV4(172, 16, 0, 0), 12},
    {IPV4(192, 0, 0, 0), 24},  {IPV4(192, 0, 2, 0), 24},    {IPV4(192, 168, 0, 0), 16},
    {IPV4(198, 18, 0, 0), 15}, {IPV4(198, 51, 100, 0), 24}, {IPV4(203, 0, 113, 0), 24},
    {IPV4(224, 0, 0, 0), 3}, /* multicast, reserved, broadcast */
};

static bool is_private_ipv4(uint32_t address)
{
    for (size_t i = 0; i < sizeof private_networks / sizeof private_networks[0]; i++) {
        const struct network *network = &private_networks[i];

        if ((address ^ network->address) >> (32 - network->bits) == 0)
            return true;
    }
    return false;
}

static uint32_t ipv4_at(const uint8_t *bytes)
{
    return IPV4(bytes[0], bytes[1], bytes[2], bytes[3]);
}

static bool begins_with(const uint8_t *address, const char *prefix, size_t len)
{
    return memcmp(address, prefix, len) == 0;
}

/* An address that stands for one of IPv4 is what that one is. */
static bool is_private_ipv6(const uint8_t *address)
{
    static const char mapped[12] = "\0\0\0\0\0\0\0\0\0\0\xff\xff";
    static const char translated[12] = "\0\x64\xff\x9b"; /* NAT64 */

    if (begins_with(address, mapped, sizeof mapped) ||
        begins_with(address, translated, sizeof translated))
        return is_private_ipv4(ipv4_at(address + 12));
    if (begins_with(address, "\x20\x02", 2)) /* 6to4 */
        return is_private_ipv4(ipv4_at(address + 2));
    return (address[0] & 0xe0) != 0x20 ||                 /* not global unicast */
           begins_with(address, "\x20\x01\x00\x00", 4) || /* Teredo */
           begins_with(address, "\x20\x01\x0d\xb8", 4);   /* documentation */
}

bool webhook_address_is_private(const struct sockaddr *address)
{
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;

    switch (address->sa_family) {
    case AF_INET:
        memcpy(&ipv4, address, sizeof ipv4);
        return is_private_ipv4(ntohl(ipv4.sin_addr.s_addr));
    case AF_INET6:
        memcpy(&ipv6, address, sizeof ipv6);
        return is_private_ipv6(ipv6.sin6_addr.s6_addr);
    default:
        return true;
    }
}
