#include "net/proxy_header.h"

/* --- version 1: "PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n" -------------------------------
 */

#define V1_PREFIX BYTES("PROXY ")
/* With its line end. */
#define V1_LEN_MAX 107

/* Decimal without leading zeros. */
static bool is_port(struct bytes text)
{
    uint64_t port;

    return bytes_to_number(text, UINT16_MAX, &port) && (text.len == 1 || text.data[0] != '0');
}

static bool parse_address(struct bytes text, bool is_v6, struct ip *ip)
{
    return text.len > 0 && (memchr(text.data, ':', text.len) != NULL) == is_v6 &&
           ip_parse(text, ip);
}

/* `line` is without "PROXY " and the line end. */
static bool parse_v1(struct bytes line, struct net_proxy_header *header)
{
    struct bytes words[5] = {{0}};
    struct bytes rest = line;
    struct ip server;
    size_t count = 0;
    bool is_v6;

    while (count < 5 && bytes_next(&rest, ' ', &words[count]))
        count++;
    header->has_client = false;
    if (count > 0 && bytes_equal(words[0], BYTES("UNKNOWN")))
        return true; /* whatever follows */
    is_v6 = count > 0 && bytes_equal(words[0], BYTES("TCP6"));
    header->has_client = true;
    return (is_v6 || (count > 0 && bytes_equal(words[0], BYTES("TCP4")))) && count == 5 &&
           line.data + line.len == words[4].data + words[4].len &&
           parse_address(words[1], is_v6, &header->client) &&
           parse_address(words[2], is_v6, &server) && is_port(words[3]) && is_port(words[4]);
}

static ssize_t read_v1(struct bytes text, struct net_proxy_header *header)
{
    const size_t len = text.len < V1_LEN_MAX ? text.len : V1_LEN_MAX;
    const char *end = memchr(text.data, '\n', len);
    const struct bytes rest = bytes_from(text, V1_PREFIX.len);

    if (end == NULL) {
        const bool has_cr_inside = memchr(text.data, '\r', len - 1) != NULL;

        return len == V1_LEN_MAX || has_cr_inside ? -1 : 0;
    }
    if (end[-1] != '\r' || memchr(text.data, '\r', (size_t)(end - text.data)) != end - 1 ||
        !parse_v1((struct bytes){rest.data, (size_t)(end - 1 - rest.data)}, header))
        return -1;
    return end + 1 - text.data;
}

/* --- version 2: a signature, four bytes, addresses and extensions ------------------------------
 */

#define V2_SIGNATURE ((struct bytes){"\r\n\r\n\0\r\nQUIT\n", 12})
#define V2_HEAD_LEN 16
#define V2_VERSION 2

enum {
    V2_LOCAL = 0,
    V2_PROXY = 1,
};

/* Family and transport. */
enum {
    V2_TCP4 = 0x11,
    V2_TCP6 = 0x21,
    V2_FAMILY_MAX = 3,    /* a Unix socket */
    V2_TRANSPORT_MAX = 2, /* datagrams */
};

/* Both addresses and their ports, by family. */
static const size_t v2_addresses_len[V2_FAMILY_MAX + 1] = {0, 12, 36, 216};

/* Whether the head is one of a header with `len` bytes behind it. */
static bool is_v2(const uint8_t *head, size_t len)
{
    const unsigned command = head[12] & 0xfu;
    const unsigned family = head[13] >> 4;
    const unsigned transport = head[13] & 0xfu;

    if (head[12] >> 4 != V2_VERSION || len > NET_PROXY_HEADER_LEN_MAX - V2_HEAD_LEN)
        return false;
    if (command == V2_LOCAL)
        return true; /* whatever follows */
    return command == V2_PROXY && family <= V2_FAMILY_MAX && transport <= V2_TRANSPORT_MAX &&
           len >= v2_addresses_len[family];
}

static ssize_t read_v2(struct bytes text, struct net_proxy_header *header)
{
    const uint8_t *head = (const uint8_t *)text.data;
    size_t len;

    if (text.len < V2_HEAD_LEN)
        return 0;
    len = (size_t)head[14] << 8 | head[15];
    if (!is_v2(head, len))
        return -1;
    if (text.len < V2_HEAD_LEN + len)
        return 0;
    header->has_client =
        (head[12] & 0xfu) == V2_PROXY && (head[13] == V2_TCP4 || head[13] == V2_TCP6);
    if (header->has_client)
        header->client =
            head[13] == V2_TCP4 ? ip_of_v4(head + V2_HEAD_LEN) : ip_of_v6(head + V2_HEAD_LEN);
    /* `::` is nobody's address, and would stand for a Unix socket here. */
    if (header->has_client && ip_is_unix(&header->client))
        return -1;
    return (ssize_t)(V2_HEAD_LEN + len);
}

/* --- both ------------------------------------------------------------------------------------- */

/* Whether `text` begins with `prefix`, or may do so when more of it has come. */
static bool may_begin_with(struct bytes text, struct bytes prefix)
{
    const size_t len = text.len < prefix.len ? text.len : prefix.len;

    return len == 0 || memcmp(text.data, prefix.data, len) == 0;
}

ssize_t net_proxy_header_parse(struct bytes text, struct net_proxy_header *header)
{
    if (may_begin_with(text, V1_PREFIX))
        return text.len <= V1_PREFIX.len ? 0 : read_v1(text, header);
    if (may_begin_with(text, V2_SIGNATURE))
        return read_v2(text, header);
    return -1;
}
