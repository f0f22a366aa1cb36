#include "http/target.h"

#include "http/line.h"

/* --- bytes ---------------------------------------------------------------------------------- */

#define PATH 1  /* RFC 3986 section 3.3, with the slash */
#define QUERY 2 /* section 3.4, and brackets */

static const uint8_t kinds[256] = {
    ['!'] = PATH | QUERY,
    ['$'] = PATH | QUERY,
    ['&' ... ';'] = PATH | QUERY,
    ['='] = PATH | QUERY,
    ['?'] = QUERY,
    ['@' ... 'Z'] = PATH | QUERY,
    ['['] = QUERY,
    [']'] = QUERY,
    ['_'] = PATH | QUERY,
    ['a' ... 'z'] = PATH | QUERY,
    ['~'] = PATH | QUERY,
};

/* The size of a vector register on most processors (GCC's and clang's vectors). */
#define BLOCK_LEN 16
#define IN_A_BLOCK __attribute__((vector_size(BLOCK_LEN)))

/* Whether all bytes of the block are allowed anywhere in a path and a query. */
static bool is_plain(const char *at)
{
    uint8_t block IN_A_BLOCK;
    int8_t other IN_A_BLOCK;
    uint64_t words[2];

    memcpy(&block, at, sizeof block);
    other = ((block < '$') & (block != '!')) | (block == '%') | (block == '<') | (block == '>') |
            (block == '?') | (block - (uint8_t)'[' < 4) | (block == '`') |
            ((block > 'z') & (block != '~'));
    memcpy(words, &other, sizeof words);
    return (words[0] | words[1]) == 0;
}

static bool is_escape(struct bytes text)
{
    return text.len >= 3 && text.data[0] == '%' && bytes_hex_digit(text.data[1]) >= 0 &&
           bytes_hex_digit(text.data[2]) >= 0;
}

static bool are_escapes_whole(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '%' && !is_escape(bytes_from(text, i)))
            return false;
    return true;
}

static bool is_path_and_query(struct bytes text)
{
    uint8_t kind = PATH;
    size_t at = 0;

    while (at < text.len) {
        if (text.len - at >= BLOCK_LEN && is_plain(text.data + at)) {
            at += BLOCK_LEN;
            continue;
        }
        for (size_t end = at + BLOCK_LEN; at < text.len && at < end; at++) {
            if (text.data[at] == '?')
                kind = QUERY;
            if (!(kinds[(unsigned char)text.data[at]] & kind) && !is_escape(bytes_from(text, at)))
                return false;
        }
    }
    return true;
}

/* --- the whole ------------------------------------------------------------------------------ */

static size_t scheme_len(struct bytes target)
{
    size_t len = 0;

    while (len < target.len && (target.data[len] | 0x20) >= 'a' && (target.data[len] | 0x20) <= 'z')
        len++;
    return len;
}

static bool cut_authority(struct bytes *target)
{
    const size_t len = scheme_len(*target);
    const struct bytes rest = bytes_from(*target, len);
    struct bytes host = bytes_from(rest, 3);
    size_t host_len = 0;

    if (len == 0 || !bytes_starts_with(rest, BYTES("://")))
        return false;
    while (host_len < host.len && host.data[host_len] != '/' && host.data[host_len] != '?')
        host_len++;
    *target = (struct bytes){host.data + host_len, host.len - host_len};
    host.len = host_len;
    return host.len > 0 && http_line_is_host(host) && are_escapes_whole(host);
}

/* "host:port" is only for CONNECT, which this server does not implement. */
bool http_target_read(struct bytes *target)
{
    if (bytes_equal(*target, BYTES("*")))
        return true;
    if (target->len == 0 || (target->data[0] != '/' && !cut_authority(target)))
        return false;
    return is_path_and_query(*target);
}
