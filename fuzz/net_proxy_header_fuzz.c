/* Truth: what is read is decided by the header alone. Each beginning of it needs more, nothing
 * behind it counts, and what is refused stays refused whatever follows. The client that it names is
 * the one in a header of either version that names the same, and is nobody's empty address. */

#include "net/proxy_header.h"

#include "fuzz.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

static ssize_t parse(struct bytes text, size_t len, struct net_proxy_header *header)
{
    char *exact = fuzz_exact((struct bytes){text.data, len});
    const ssize_t parsed = net_proxy_header_parse((struct bytes){exact, len}, header);

    free(exact);
    return parsed;
}

static void check_same(struct bytes text, const struct ip *client)
{
    struct net_proxy_header header;

    CHECK(net_proxy_header_parse(text, &header) == (ssize_t)text.len);
    CHECK(header.has_client && ip_equal(&header.client, client));
}

static void check_client(const struct ip *client)
{
    struct buffer out = {0};
    char text[IP_TEXT_LEN_MAX];
    const char *family = ip_is_v4(client) ? "TCP4" : "TCP6";

    CHECK(!ip_is_unix(client));
    ip_write(client, text);
    buffer_printf(&out, "PROXY %s %s %s 1 2\r\n", family, text, text);
    check_same(buffer_bytes(&out), client);
    buffer_clear(&out);
    buffer_append_bytes(&out, BYTES(SIGNATURE "\x21\x21\0\x24"));
    buffer_append(&out, client->bytes, sizeof client->bytes);
    buffer_append(&out, client->bytes, sizeof client->bytes);
    buffer_append_bytes(&out, BYTES("\0\1\0\2"));
    check_same(buffer_bytes(&out), client);
    buffer_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct bytes text = fuzz_bytes(data, len);
    struct net_proxy_header whole = {0};
    struct net_proxy_header header = {0};
    const ssize_t parsed = parse(text, len, &whole);
    const size_t end = parsed > 0 ? (size_t)parsed : len;
    bool is_refused = false;

    CHECK(parsed >= -1 && parsed <= (ssize_t)len && parsed <= NET_PROXY_HEADER_LEN_MAX);
    CHECK(parsed != 0 || len < NET_PROXY_HEADER_LEN_MAX);
    for (size_t at = 0; at < end; at++) {
        const ssize_t part = parse(text, at, &header);

        CHECK(part == 0 || (part == -1 && parsed == -1));
        CHECK(!is_refused || part == -1);
        is_refused = part == -1;
    }
    if (parsed <= 0)
        return 0;
    CHECK(parse(text, end, &header) == parsed && header.has_client == whole.has_client);
    if (!whole.has_client)
        return 0;
    CHECK(ip_equal(&header.client, &whole.client));
    check_client(&whole.client);
    return 0;
}
