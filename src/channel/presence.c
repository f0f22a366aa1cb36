#include "channel/presence.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/jsonscan.h"
#include "base/jsonwrite.h"
#include "base/list.h"
#include "base/mem.h"

#include <string.h>

/* A map finds members; an array holds those that are listed. Each member carries its own fragment
 * of the snapshot, so that a snapshot of ten thousand is copies, not ten thousand encodings:
 *
 *     \"ID\":{…user_info, escaped…}
 *     └─ id ─┘
 *
 * A user's connections may come with different infos. This node's own info is that of the first
 * connection here; when the last connection with it has gone, it is that of another one.
 */
struct other_info {
    struct other_info *next;
    uint32_t number; /* never 0 */
    uint32_t connections_count;
    uint32_t fragment_len;
    char fragment[];
};

struct channel_presence_member {
    struct map_entry entry;
    struct other_info *others;      /* infos other than that in `text`, the oldest first */
    const struct other_info *shown; /* the listed info; NULL: that in `text` */
    const struct other_info *own;   /* of a connection of this node; NULL: that in `text` */
    uint32_t last_number;
    uint32_t first_count; /* connections that came with that in `text` */
    uint32_t index;       /* in `members`, if it is listed */
    uint32_t generation;  /* the last one in which it was listed */
    bool is_listed;
    uint32_t connections_count; /* of this node */
    uint32_t user_id_len;
    uint32_t id_len;       /* of the fragment's quoted user id */
    uint32_t fragment_len; /* of the whole fragment */
    char text[];           /* the user id as it is, then the fragment */
};

struct channel_presence {
    struct map by_user_id;
    struct channel_presence_member **members;
    size_t count;
    size_t cap;
    uint32_t generation;
    size_t fragments_len; /* of all listed members */
    size_t ids_len;       /* of their quoted ids alone */
    struct buffer snapshot;
};

struct channel_presence *channel_presence_new(void)
{
    return mem_new(sizeof(struct channel_presence));
}

static void member_free(struct channel_presence_member *member)
{
    while (member->others != NULL) {
        struct other_info *next = member->others->next;

        free(member->others);
        member->others = next;
    }
    free(member);
}

static void release(struct map_entry *entry)
{
    member_free(LIST_OWNER(entry, struct channel_presence_member, entry));
}

void channel_presence_free(struct channel_presence *presence)
{
    if (presence == NULL)
        return;
    free(presence->members);
    map_deinit_each(&presence->by_user_id, release);
    buffer_deinit(&presence->snapshot);
    free(presence);
}

struct bytes channel_presence_user_id(const struct channel_presence_member *member)
{
    return (struct bytes){member->text, member->user_id_len};
}

static struct bytes fragment_of(const struct channel_presence_member *member,
                                const struct other_info *other)
{
    if (other != NULL)
        return (struct bytes){other->fragment, other->fragment_len};
    return (struct bytes){member->text + member->user_id_len, member->fragment_len};
}

void channel_presence_user_info(const struct channel_presence_member *member, struct buffer *out)
{
    const struct bytes escaped = bytes_from(fragment_of(member, member->own), member->id_len + 1);
    struct buffer quoted = {0};
    struct buffer scratch = {0};
    struct jsonscan_value value;

    buffer_append_char(&quoted, '"');
    buffer_append_bytes(&quoted, escaped);
    buffer_append_char(&quoted, '"');
    CHECK(jsonscan_parse(buffer_bytes(&quoted), &value));
    buffer_append_bytes(out, jsonscan_text(&value, &scratch));
    buffer_deinit(&quoted);
    buffer_deinit(&scratch);
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

/* --- infos ---------------------------------------------------------------------------------- */

static struct other_info *other_info_new(struct bytes fragment, uint32_t number)
{
    struct other_info *other = mem_new(sizeof *other + fragment.len);

    other->number = number;
    other->fragment_len = (uint32_t)fragment.len;
    memcpy(other->fragment, fragment.data, fragment.len);
    return other;
}

/* The info with that fragment, made if there is none. */
static struct other_info *other_info_of(struct channel_presence_member *member,
                                        struct bytes fragment)
{
    struct other_info **at = &member->others;

    while (*at != NULL && !bytes_equal(fragment_of(member, *at), fragment))
        at = &(*at)->next;
    if (*at == NULL)
        *at = other_info_new(fragment, ++member->last_number);
    return *at;
}

/* The member's record of that info, made if there is none; NULL: that in `text`. */
static struct other_info *info_of(struct channel_presence_member *member, struct bytes user_info)
{
    const struct bytes first = fragment_of(member, NULL);
    struct other_info *other = NULL;
    struct buffer fragment = {0};

    buffer_append(&fragment, first.data, member->id_len);
    buffer_append_char(&fragment, ':');
    jsonwrite_escaped(&fragment, user_info);
    if (!bytes_equal(buffer_bytes(&fragment), first))
        other = other_info_of(member, buffer_bytes(&fragment));
    buffer_deinit(&fragment);
    return other;
}

/* Removes a connection that came with the info of that number; true if it was the last. */
static bool uncount_info(struct channel_presence_member *member, uint32_t number)
{
    struct other_info *other = member->others;

    if (number == 0)
        return --member->first_count == 0;
    while (other->number != number)
        other = other->next;
    return --other->connections_count == 0;
}

static void drop_other_infos(struct channel_presence_member *member)
{
    struct other_info **at = &member->others;

    while (*at != NULL) {
        struct other_info *other = *at;

        if (other->connections_count > 0 || other == member->shown || other == member->own) {
            at = &other->next;
        } else {
            *at = other->next;
            free(other);
        }
    }
}

/* No connection of this node has its own info any more: takes that of another connection. False if
 * there is no other. */
static bool choose_own_info(struct channel_presence_member *member)
{
    const struct other_info *other = member->others;

    while (other != NULL && other->connections_count == 0)
        other = other->next;
    member->own = member->first_count > 0 ? NULL : other;
    return member->first_count > 0 || other != NULL;
}

static void show_info(struct channel_presence *presence, struct channel_presence_member *member,
                      const struct other_info *other)
{
    if (other == member->shown)
        return;
    if (member->is_listed) {
        presence->fragments_len -= fragment_of(member, member->shown).len;
        presence->fragments_len += fragment_of(member, other).len;
        buffer_clear(&presence->snapshot);
    }
    member->shown = other;
    drop_other_infos(member);
}

/* --- listed or not -------------------------------------------------------------------------- */

static void list_member(struct channel_presence *presence, struct channel_presence_member *member)
{
    presence->members =
        mem_room(presence->members, presence->count, &presence->cap, sizeof *presence->members);
    member->is_listed = true;
    member->index = (uint32_t)presence->count;
    presence->members[presence->count++] = member;
    presence->fragments_len += fragment_of(member, member->shown).len;
    presence->ids_len += member->id_len;
    buffer_clear(&presence->snapshot);
}

static void unlist_member(struct channel_presence *presence, struct channel_presence_member *member)
{
    struct channel_presence_member *last = presence->members[presence->count - 1];

    presence->members[member->index] = last;
    last->index = member->index;
    member->is_listed = false;
    presence->count--;
    presence->fragments_len -= fragment_of(member, member->shown).len;
    presence->ids_len -= member->id_len;
    buffer_clear(&presence->snapshot);
}

static struct channel_presence_member *find_or_add(struct channel_presence *presence,
                                                   struct bytes user_id, struct bytes user_info)
{
    const uint64_t hash = hash_bytes(user_id);
    struct channel_presence_member *member = find(presence, user_id, hash);

    if (member == NULL) {
        member = member_new(user_id, user_info);
        map_add(&presence->by_user_id, &member->entry, hash);
    }
    return member;
}

static void drop_if_unused(struct channel_presence *presence,
                           struct channel_presence_member *member)
{
    if (member->is_listed || member->connections_count > 0)
        return;
    map_remove(&presence->by_user_id, &member->entry);
    member_free(member);
}

bool channel_presence_list(struct channel_presence *presence, struct bytes user_id,
                           struct bytes user_info)
{
    struct channel_presence_member *member = find_or_add(presence, user_id, user_info);

    member->generation = presence->generation;
    show_info(presence, member, info_of(member, user_info));
    if (member->is_listed)
        return false;
    list_member(presence, member);
    return true;
}

bool channel_presence_unlist(struct channel_presence *presence, struct bytes user_id)
{
    struct channel_presence_member *member = find(presence, user_id, hash_bytes(user_id));

    if (member == NULL || !member->is_listed)
        return false;
    unlist_member(presence, member);
    drop_if_unused(presence, member);
    return true;
}

bool channel_presence_is_listed(const struct channel_presence *presence, struct bytes user_id)
{
    const struct channel_presence_member *member = find(presence, user_id, hash_bytes(user_id));

    return member != NULL && member->is_listed;
}

/* --- connections ---------------------------------------------------------------------------- */

struct channel_presence_member *channel_presence_join(struct channel_presence *presence,
                                                      struct bytes user_id, struct bytes user_info,
                                                      bool *is_first, uint32_t *info)
{
    struct channel_presence_member *member = find_or_add(presence, user_id, user_info);
    struct other_info *other = info_of(member, user_info);

    if (other != NULL)
        other->connections_count++;
    else
        member->first_count++;
    *info = other ? other->number : 0;
    *is_first = member->connections_count++ == 0;
    if (*is_first)
        member->own = other;
    return member;
}

bool channel_presence_leave(struct channel_presence *presence,
                            struct channel_presence_member *member, uint32_t info,
                            bool *is_info_new)
{
    const uint32_t own = member->own ? member->own->number : 0;

    CHECK(member->connections_count > 0);
    *is_info_new = uncount_info(member, info) && info == own && choose_own_info(member);
    drop_other_infos(member);
    if (--member->connections_count > 0)
        return false;
    drop_if_unused(presence, member);
    return true;
}

bool channel_presence_is_last(const struct channel_presence_member *member)
{
    return member->connections_count == 1;
}

/* --- generations ---------------------------------------------------------------------------- */

void channel_presence_begin_generation(struct channel_presence *presence)
{
    presence->generation++;
}

const struct channel_presence_member *channel_presence_next_stale(
    const struct channel_presence *presence, size_t *index)
{
    /* From the back: a member that takes the place of an unlisted one was checked before. */
    while (*index > 0) {
        const struct channel_presence_member *member = presence->members[--*index];

        if (member->generation != presence->generation && member->connections_count == 0)
            return member;
    }
    return NULL;
}

/* --- the list ------------------------------------------------------------------------------- */

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

size_t channel_presence_snapshot_len(const struct channel_presence *presence)
{
    return 64 + presence->fragments_len + presence->ids_len + 2 * presence->count;
}

struct bytes channel_presence_snapshot(struct channel_presence *presence)
{
    struct buffer *out = &presence->snapshot;

    if (out->len > 0)
        return buffer_bytes(out);
    buffer_reserve(out, channel_presence_snapshot_len(presence));
    buffer_append_text(out, "{\\\"count\\\":");
    buffer_append_number(out, presence->count);
    buffer_append_text(out, ",\\\"ids\\\":[");
    for (size_t i = 0; i < presence->count; i++) {
        if (i > 0)
            buffer_append_char(out, ',');
        buffer_append(out, fragment_of(presence->members[i], NULL).data,
                      presence->members[i]->id_len);
    }
    buffer_append_text(out, "],\\\"hash\\\":{");
    for (size_t i = 0; i < presence->count; i++) {
        if (i > 0)
            buffer_append_char(out, ',');
        buffer_append_bytes(out, fragment_of(presence->members[i], presence->members[i]->shown));
    }
    buffer_append_text(out, "}}");
    return buffer_bytes(out);
}
