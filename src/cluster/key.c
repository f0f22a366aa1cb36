#include "cluster/key.h"

void cluster_key_write(struct buffer *out, struct cluster_key key)
{
    buffer_append_char(out, key.kind);
    buffer_append_number(out, key.app_id.len);
    buffer_append_char(out, ':');
    buffer_append_bytes(out, key.app_id);
    buffer_append_char(out, ':');
    buffer_append_bytes(out, key.name);
}

bool cluster_key_read(struct bytes text, struct cluster_key *key)
{
    struct bytes rest;
    struct bytes app_len_text;
    uint64_t app_len;

    if (text.len == 0)
        return false;
    key->kind = text.data[0];
    rest = bytes_from(text, 1);
    if (!bytes_next(&rest, ':', &app_len_text) || rest.data == NULL ||
        !bytes_to_number(app_len_text, UINT32_MAX, &app_len) || rest.len <= app_len ||
        rest.data[app_len] != ':')
        return false;
    key->app_id = (struct bytes){rest.data, app_len};
    key->name = bytes_from(rest, app_len + 1);
    return true;
}

/* FNV-1a: all nodes must agree, so it has no key. */
static uint64_t hash(uint64_t from, struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        from = (from ^ (unsigned char)text.data[i]) * UINT64_C(0x100000001b3);
    return from;
}

size_t cluster_key_partition(struct cluster_key key, size_t count)
{
    if (count == 1)
        return 0;
    return hash(hash(UINT64_C(0xcbf29ce484222325), key.app_id), key.name) % count;
}
