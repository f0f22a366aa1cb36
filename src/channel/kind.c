#include "channel/kind.h"

static const struct {
    struct bytes prefix;
    struct channel_kind kind;
} kinds[] = {
    /* Longer prefixes first. */
    {{"private-encrypted-cache-", 24},
     {.needs_auth = true, .is_encrypted = true, .is_cache = true}},
    {{"private-encrypted-", 18}, {.needs_auth = true, .is_encrypted = true}},
    {{"private-cache-", 14}, {.needs_auth = true, .is_cache = true}},
    {{"private-", 8}, {.needs_auth = true}},
    {{"presence-cache-", 15}, {.needs_auth = true, .is_presence = true, .is_cache = true}},
    {{"presence-", 9}, {.needs_auth = true, .is_presence = true}},
    {{"cache-", 6}, {.is_cache = true}},
};

struct channel_kind channel_kind_of(struct bytes name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (bytes_starts_with(name, kinds[i].prefix))
            return kinds[i].kind;
    return (struct channel_kind){0};
}

unsigned channel_kind_number(struct channel_kind kind)
{
    const unsigned access = kind.is_presence ? 3 : kind.is_encrypted ? 2 : kind.needs_auth ? 1 : 0;

    return 2 * access + kind.is_cache;
}

const char *channel_kind_name(unsigned number)
{
    static const char *const names[CHANNEL_KIND_COUNT] = {
        "public",
        "cache",
        "private",
        "private-cache",
        "private-encrypted",
        "private-encrypted-cache",
        "presence",
        "presence-cache",
    };

    return names[number];
}
