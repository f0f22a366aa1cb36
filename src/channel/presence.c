#include "channel/presence.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/jsonwrite.h"
#include "base/list.h"
#include "base/mem.h"

#include <string.h>

/* Members stand in a map to be found and in an array to be listed. Each carries the stretch of the
 * snapshot that is its own, so that a snapshot of ten thousand is copies, not ten thousand
 * encodings:
 *
 *     \"ID\":{…user_info, escaped…}
 *     └─ id ─┘
 */
struct channel_presence_member {
    struct map_entry entry;
    uint32_t index;
    uint32_t connections_count;
    uint32_t user_id_len;
    uint32_t id_len;       /* of the stretch: the quoted user id */
    uint32_t fragment_len; /* all of it */
    char text[];           /* the user id as it is, then the stretch */
};

struct channel_presence {
    struct map by_user_id;
    struct channel_presence_member **members;
    size_t count;
    size_t cap;
    size_t fragments_len; /* of all members */
    struct buffer snapshot;
};

struct channel_presence *channel_presence_new(void)
{
    return mem_new(sizeof(struct channel_presence));
}

void channel_presence_free(struct channel_presence *presence)
{
    if (presence == NULL)
        return;
    for (size_t i = 0; i < presence->count; i++)
        free(presence->members[i]);
    free(presence->members);
    map_deinit(&presence->by_user_id);
    buffer_deinit(&presence->snapshot);
    free(presence);
}

struct bytes channel_presence_user_id(const struct channel_presence_member *member)
{
    return (struct bytes){member->text, member->user_id_len};
}

static struct bytes fragment_of(const struct channel_presence_member *member)
{
    return (struct bytes){member->text + member->user_id_len, member->fragment_len};
}

static struct channel_presence_member *find(const struct channel_presence *presence,
                                            struct bytes user_id, uint64_t hash)
{
    for (struct map_entry *at = map_first(&presence->by_user_id, hash); at != NULL;
         at = map_next(at, hash)) {
        struct channel_presence_member *member =
            LIST_OWNER(at, struct channel_presence_member, entry);

        if (bytes_equal(channel_presence_user_id(member), user_id))
            return member;
    }
    return NULL;
}

static struct channel_presence_member *member_new(struct bytes user_id, struct bytes user_info)
{
    struct buffer id_json = {0};
    struct buffer fragment = {0};
    struct channel_presence_member *member;
    size_t id_len;

    jsonwrite_string(&id_json, user_id);
    jsonwrite_escaped(&fragment, buffer_bytes(&id_json));
    id_len = fragment.len;
    buffer_append_char(&fragment, ':');
    jsonwrite_escaped(&fragment, user_info);

    member = mem_new(sizeof *member + user_id.len + fragment.len);
    member->user_id_len = (uint32_t)user_id.len;
    member->id_len = (uint32_t)id_len;
    member->fragment_len = (uint32_t)fragment.len;
    if (user_id.len > 0)
        memcpy(member->text, user_id.data, user_id.len);
    memcpy(member->text + user_id.len, fragment.data, fragment.len);
    buffer_deinit(&id_json);
    buffer_deinit(&fragment);
    return member;
}

static void add(struct channel_presence *presence, struct channel_presence_member *member,
                uint64_t hash)
{
    if (presence->count == presence->cap) {
        presence->cap = presence->cap ? presence->cap * 2 : 4;
        presence->members =
            mem_resize(presence->members, presence->cap * sizeof *presence->members);
    }
    member->index = (uint32_t)presence->count;
    presence->members[presence->count++] = member;
    presence->fragments_len += member->fragment_len;
    map_add(&presence->by_user_id, &member->entry, hash);
    buffer_clear(&presence->snapshot);
}

static void drop(struct channel_presence *presence, struct channel_presence_member *member)
{
    struct channel_presence_member *last = presence->members[presence->count - 1];

    presence->members[member->index] = last;
    last->index = member->index;
    presence->count--;
    presence->fragments_len -= member->fragment_len;
    map_remove(&presence->by_user_id, &member->entry);
    buffer_clear(&presence->snapshot);
    free(member);
}

struct channel_presence_member *channel_presence_join(struct channel_presence *presence,
                                                      struct bytes user_id, struct bytes user_info,
                                                      bool *is_first)
{
    const uint64_t hash = hash_bytes(user_id);
    struct channel_presence_member *member = find(presence, user_id, hash);

    *is_first = member == NULL;
    if (member == NULL) {
        member = member_new(user_id, user_info);
        add(presence, member, hash);
    }
    member->connections_count++;
    return member;
}

bool channel_presence_is_last(const struct channel_presence_member *member)
{
    return member->connections_count == 1;
}

bool channel_presence_leave(struct channel_presence *presence,
                            struct channel_presence_member *member)
{
    CHECK(member->connections_count > 0);
    if (--member->connections_count > 0)
        return false;
    drop(presence, member);
    return true;
}

size_t channel_presence_count(const struct channel_presence *presence)
{
    return presence->count;
}

const struct channel_presence_member *channel_presence_at(const struct channel_presence *presence,
                                                          size_t index)
{
    CHECK(index < presence->count);
    return presence->members[index];
}

struct bytes channel_presence_snapshot(struct channel_presence *presence)
{
    struct buffer *out = &presence->snapshot;

    if (out->len > 0)
        return buffer_bytes(out);
    buffer_reserve(out, 64 + 2 * presence->fragments_len + 2 * presence->count);
    buffer_append_text(out, "{\\\"count\\\":");
    buffer_append_number(out, presence->count);
    buffer_append_text(out, ",\\\"ids\\\":[");
    for (size_t i = 0; i < presence->count; i++) {
        if (i > 0)
            buffer_append_char(out, ',');
        buffer_append(out, fragment_of(presence->members[i]).data, presence->members[i]->id_len);
    }
    buffer_append_text(out, "],\\\"hash\\\":{");
    for (size_t i = 0; i < presence->count; i++) {
        if (i > 0)
            buffer_append_char(out, ',');
        buffer_append_bytes(out, fragment_of(presence->members[i]));
    }
    buffer_append_text(out, "}}");
    return buffer_bytes(out);
}
