#include "base/ip.h"

#include <arpa/inet.h>
#include <stdio.h>

#define BITS 128
#define V4_PREFIX_LEN 96
#define NETWORK_LEN 64

static const uint8_t v4_prefix[V4_PREFIX_LEN / 8] = {[10] = 0xff, [11] = 0xff};

struct ip ip_of_v4(const uint8_t bytes[4])
{
    struct ip ip;

    memcpy(ip.bytes, v4_prefix, sizeof v4_prefix);
    memcpy(ip.bytes + sizeof v4_prefix, bytes, 4);
    return ip;
}

struct ip ip_of_v6(const uint8_t bytes[16])
{
    struct ip ip;

    memcpy(ip.bytes, bytes, sizeof ip.bytes);
    return ip;
}

static bool parse(struct bytes text, struct ip *ip)
{
    char copy[IP_TEXT_LEN_MAX];
    uint8_t v4[4];

    if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, '\0', text.len) != NULL)
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET6, copy, ip->bytes) == 1)
        return true;
    if (inet_pton(AF_INET, copy, v4) != 1)
        return false;
    *ip = ip_of_v4(v4);
    return true;
}

bool ip_parse(struct bytes text, struct ip *ip)
{
    return parse(text, ip) && !ip_is_unix(ip);
}

void ip_write(const struct ip *ip, char out[IP_TEXT_LEN_MAX])
{
    if (ip_is_unix(ip))
        snprintf(out, IP_TEXT_LEN_MAX, "unix");
    else if (ip_is_v4(ip))
        inet_ntop(AF_INET, ip->bytes + sizeof v4_prefix, out, IP_TEXT_LEN_MAX);
    else
        inet_ntop(AF_INET6, ip->bytes, out, IP_TEXT_LEN_MAX);
}

bool ip_is_v4(const struct ip *ip)
{
    return memcmp(ip->bytes, v4_prefix, sizeof v4_prefix) == 0;
}

bool ip_is_unix(const struct ip *ip)
{
    static const struct ip none;

    return ip_equal(ip, &none);
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static struct ip masked(const struct ip *ip, unsigned prefix_len)
{
    struct ip network = {0};

    memcpy(network.bytes, ip->bytes, prefix_len / 8);
    if (prefix_len % 8 != 0)
        network.bytes[prefix_len / 8] =
            (uint8_t)(ip->bytes[prefix_len / 8] & (0xff00 >> (prefix_len % 8)));
    return network;
}

struct ip ip_network(const struct ip *ip)
{
    return ip_is_v4(ip) ? *ip : masked(ip, NETWORK_LEN);
}

/* --- ranges --------------------------------------------------------------------------------- */

bool ip_range_parse(struct bytes text, struct ip_range *range)
{
    struct bytes rest = text;
    struct bytes address;
    uint64_t bits;
    unsigned before;

    *range = (struct ip_range){.prefix_len = BITS};
    if (bytes_equal(text, BYTES("unix")))
        return true;
    if (!bytes_next(&rest, '/', &address) || !parse(address, &range->ip))
        return false;
    if (address.len == text.len)
        return !ip_is_unix(&range->ip);
    before = memchr(address.data, ':', address.len) == NULL ? V4_PREFIX_LEN : 0;
    if (!bytes_to_number(bytes_from(text, address.len + 1), BITS - before, &bits))
        return false;
    range->prefix_len = (uint8_t)(bits + before);
    range->ip = masked(&range->ip, range->prefix_len);
    return bits < BITS || !ip_is_unix(&range->ip);
}

bool ip_range_contains(const struct ip_range *range, const struct ip *ip)
{
    struct ip network;

    if (ip_is_unix(ip))
        return ip_is_unix(&range->ip) && range->prefix_len == BITS;
    if (ip_is_v4(ip) && range->prefix_len < V4_PREFIX_LEN)
        return false;
    network = masked(ip, range->prefix_len);
    return ip_equal(&network, &range->ip);
}

bool ip_ranges_contain(const struct ip_ranges *ranges, const struct ip *ip)
{
    for (size_t i = 0; i < ranges->count; i++)
        if (ip_range_contains(&ranges->list[i], ip))
            return true;
    return false;
}
