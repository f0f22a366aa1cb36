#include "http/forwarded.h"

/* A longer quoted value is none: what an unfinished one costs is bounded. */
#define QUOTED_LEN_MAX 256
#define NODE_LEN_MAX 64

/* The entries are read from the left, the client's to the last proxy's. What counts is found as if
 * they were read from the right, up to the first that is not trusted. */
struct search {
    const struct ip_ranges *trusted;
    struct ip client;
    bool is_found; /* if by proxies alone: the first one behind the last entry that is no address */
};

static void pass_unknown(struct search *search)
{
    search->is_found = false;
}

static void pass_address(struct search *search, const struct ip *ip)
{
    if (search->is_found && ip_ranges_contain(search->trusted, ip))
        return;
    search->client = *ip;
    search->is_found = true;
}

/* --- one node -------------------------------------------------------------------------------- */

/* A port's number, or a word that begins with an underscore: RFC 7239 section 6. */
static bool is_port(struct bytes text)
{
    uint64_t port;

    if (text.len > 1 && text.data[0] == '_')
        return true;
    return bytes_to_number(text, UINT16_MAX, &port);
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80" */
static bool parse_node(struct bytes text, struct ip *ip)
{
    struct bytes rest = text;
    struct bytes address = text;
    const char *colon;

    if (text.len == 0 || text.len > NODE_LEN_MAX)
        return false;
    if (text.data[0] == '[') {
        if (memchr(text.data, ']', text.len) == NULL)
            return false;
        rest = bytes_from(text, 1);
        bytes_next(&rest, ']', &address);
        rest = bytes_from(text, address.len + 2);
        return ip_parse(address, ip) && memchr(address.data, ':', address.len) != NULL &&
               (rest.len == 0 || (rest.data[0] == ':' && is_port(bytes_from(rest, 1))));
    }
    colon = bytes_find_last(text, ':');
    if (colon == NULL || memchr(text.data, ':', text.len) != colon)
        return ip_parse(text, ip);
    address.len = (size_t)(colon - text.data);
    return ip_parse(address, ip) && is_port(bytes_from(text, address.len + 1));
}

static void pass_node(struct search *search, struct bytes text)
{
    struct ip ip;

    if (parse_node(text, &ip))
        pass_address(search, &ip);
    else
        pass_unknown(search);
}

/* --- X-Forwarded-For ------------------------------------------------------------------------- */

static void pass_list(struct search *search, struct bytes list)
{
    struct bytes entry;

    while (bytes_next(&list, ',', &entry)) {
        entry = bytes_trim(entry);
        if (entry.len > 0)
            pass_node(search, entry);
    }
}

/* --- Forwarded ------------------------------------------------------------------------------- */

static size_t skip_blanks(struct bytes text, size_t at)
{
    while (at < text.len && (text.data[at] == ' ' || text.data[at] == '\t'))
        at++;
    return at;
}

static bool is_one_of(char c, struct bytes set)
{
    return memchr(set.data, c, set.len) != NULL;
}

/* The end of the value that begins at `from`, or 0 if it is none. `value` gets it without quotes;
 * one with an escape is no address, and becomes empty. */
static size_t read_value(struct bytes text, size_t from, struct bytes *value)
{
    size_t at = from;
    bool has_escape = false;

    if (at == text.len || text.data[at] != '"') {
        while (at < text.len && !is_one_of(text.data[at], BYTES(",;\" \t")))
            at++;
        *value = (struct bytes){text.data + from, at - from};
        return at;
    }
    for (at++; at < text.len && text.data[at] != '"'; at++) {
        if (text.data[at] == '\\') {
            has_escape = true;
            at++;
        }
        if (at - from > QUOTED_LEN_MAX)
            return 0;
    }
    if (at >= text.len)
        return 0;
    *value = (struct bytes){text.data + from + 1, has_escape ? 0 : at - from - 1};
    return at + 1;
}

/* The end of the element at `at`, which is the comma behind it or the end of the list; 0 if it is
 * malformed. `node` gets the value of its `for`; absent if it has none. */
static size_t read_element(struct bytes text, size_t at, struct bytes *node)
{
    *node = BYTES_NONE;
    for (;;) {
        const size_t from = skip_blanks(text, at);
        struct bytes name;
        struct bytes value;

        at = from;
        while (at < text.len && !is_one_of(text.data[at], BYTES("=,;\" \t")))
            at++;
        name = (struct bytes){text.data + from, at - from};
        if (at == text.len || text.data[at] != '=')
            return 0;
        at = read_value(text, at + 1, &value);
        if (at == 0)
            return 0;
        if (bytes_equal_ignoring_case(name, BYTES("for"))) {
            if (node->data != NULL)
                return 0;
            *node = value;
        }
        at = skip_blanks(text, at);
        if (at == text.len || text.data[at] == ',')
            return at;
        if (text.data[at++] != ';')
            return 0;
    }
}

static size_t next_comma(struct bytes text, size_t at)
{
    const char *comma = memchr(text.data + at, ',', text.len - at);

    return comma != NULL ? (size_t)(comma - text.data) : text.len;
}

/* A malformed element ends at its first comma, in a quoted value or not: a client that opens a
 * quote does not hide what the proxy behind it has appended. */
static void pass_elements(struct search *search, struct bytes text)
{
    size_t at = 0;

    while (at < text.len) {
        const size_t from = skip_blanks(text, at);
        struct bytes node;
        size_t end = from < text.len && text.data[from] == ',' ? from : 0;

        if (from == text.len)
            return;
        if (end == 0) {
            end = read_element(text, from, &node);
            if (end == 0) {
                pass_unknown(search);
                end = next_comma(text, from);
            } else {
                pass_node(search, node);
            }
        }
        at = end + 1;
    }
}

/* --- all of it ------------------------------------------------------------------------------- */

static size_t pass_all(struct search *search, const struct http_request *request, struct bytes name,
                       void (*pass)(struct search *search, struct bytes value))
{
    size_t count = 0;

    for (size_t i = 0; i < request->headers_count; i++) {
        if (!bytes_equal_ignoring_case(request->headers[i].name, name))
            continue;
        pass(search, request->headers[i].value);
        count++;
    }
    return count;
}

struct ip http_forwarded_client(const struct http_request *request, const struct ip_ranges *trusted,
                                const struct ip *peer)
{
    struct search search = {.trusted = trusted};

    if (!ip_ranges_contain(trusted, peer))
        return *peer;
    if (pass_all(&search, request, BYTES("X-Forwarded-For"), pass_list) == 0)
        pass_all(&search, request, BYTES("Forwarded"), pass_elements);
    return search.is_found ? search.client : *peer;
}
