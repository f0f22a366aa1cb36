#include "cluster/inbox.h"

#include "base/mem.h"

#include <string.h>

#define PARTS_COUNT_MAX 6

struct origin {
    struct list link;
    uint64_t number;
    uint32_t process_len;
    char process[];
};

/* --- unpacking ------------------------------------------------------------------------------ */

/* A text after its length in four bytes, little-endian. */
static bool next_part(struct bytes *packed, struct bytes *part)
{
    const unsigned char *at = (const unsigned char *)packed->data;
    uint32_t len;

    if (packed->len < 4)
        return false;
    len = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
    if (packed->len - 4 < len)
        return false;
    *part = (struct bytes){packed->data + 4, len};
    *packed = bytes_from(*packed, 4 + (size_t)len);
    return true;
}

static bool unpack(struct bytes packed, struct bytes *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!next_part(&packed, &parts[i]))
            return false;
    return true;
}

static uint64_t number_of(struct bytes text)
{
    uint64_t number;

    return bytes_to_number(text, UINT64_MAX, &number) ? number : 0;
}

/* Parses what add_waiter() in cluster/batch.c wrote. */
static struct cluster_waiter waiter_of(struct bytes text)
{
    struct bytes token = text;
    struct bytes socket_id = BYTES_NONE;

    bytes_next(&token, ':', &socket_id);
    return (struct cluster_waiter){number_of(socket_id), number_of(token)};
}

/* --- events --------------------------------------------------------------------------------- */

static struct origin *origin_of(struct cluster_inbox *inbox, struct bytes process)
{
    struct origin *origin;

    LIST_EACH(link, following, &inbox->origins) {
        origin = LIST_OWNER(link, struct origin, link);
        if (bytes_equal((struct bytes){origin->process, origin->process_len}, process))
            return origin;
    }
    origin = mem_new(sizeof *origin + process.len);
    origin->process_len = (uint32_t)process.len;
    memcpy(origin->process, process.data, process.len);
    list_append(&inbox->origins, &origin->link);
    return origin;
}

static bool is_ours(const struct cluster_inbox *inbox, struct bytes process)
{
    return bytes_equal(process, bytes_of(inbox->process));
}

static bool is_new(struct cluster_inbox *inbox, struct bytes process, uint64_t number)
{
    struct origin *origin;

    if (is_ours(inbox, process))
        return cluster_outbox_received(inbox->outbox, number);
    origin = origin_of(inbox, process);
    if (number <= origin->number)
        return false;
    origin->number = number;
    return true;
}

/* key, socket, number, process, (time to live,) frame */
static void read_event(struct cluster_inbox *inbox, struct cluster_key key,
                       const struct bytes *parts, bool is_kept)
{
    const uint64_t ttl_ms = is_kept ? number_of(parts[4]) : 0;

    if (!is_new(inbox, parts[3], number_of(parts[2])))
        return;
    inbox->received_count += !is_ours(inbox, parts[3]);
    inbox->events->on_event(key, number_of(parts[1]), parts[is_kept ? 5 : 4], ttl_ms, inbox->user);
}

/* app, user, number, process */
static void read_termination(struct cluster_inbox *inbox, const struct bytes *parts)
{
    if (is_new(inbox, parts[3], number_of(parts[2])))
        inbox->events->on_terminate(parts[0], parts[1], inbox->user);
}

/* --- members -------------------------------------------------------------------------------- */

static void tell_members(struct cluster_inbox *inbox, struct cluster_key key, struct bytes text,
                         const struct cluster_state_channel *snapshot)
{
    struct cluster_member *members = cluster_snapshots_members(snapshot);
    struct cluster_waiter waiter;

    inbox->events->on_members(key, members, snapshot->members.count, inbox->is_partial,
                              inbox->user);
    free(members);
    cluster_snapshots_close(&inbox->snapshots, text);
    while (cluster_snapshots_next_waiting(&inbox->snapshots, text, &waiter))
        inbox->events->on_ready(key, waiter, inbox->user);
}

/* Whether it is a page of the snapshot that was asked for last. */
static bool is_current(const struct cluster_inbox *inbox, struct bytes key, uint64_t chain)
{
    const struct cluster_state_channel *channel = cluster_state_find(inbox->state, key);

    return channel != NULL && channel->chain == chain;
}

/* key, number of the snapshot, cursor of the next page, members and their infos */
static void read_members(struct cluster_inbox *inbox, struct cluster_key key, struct bytes packed)
{
    struct cluster_state_channel *snapshot;
    struct bytes head[3] = {0};
    struct bytes user_id;
    struct bytes user_info;

    for (size_t i = 0; i < 3; i++)
        next_part(&packed, &head[i]);
    if (!is_current(inbox, head[0], number_of(head[1])))
        return;
    snapshot = cluster_snapshots_open(&inbox->snapshots, head[0], number_of(head[1]));
    while (next_part(&packed, &user_id) && next_part(&packed, &user_info))
        cluster_snapshots_join(&inbox->snapshots, head[0], user_id, user_info);
    if (bytes_equal(head[2], BYTES("0")))
        tell_members(inbox, key, head[0], snapshot);
    else
        inbox->on_page(head[0], head[2], inbox->page_user);
}

/* key, waiter */
static void read_ready(struct cluster_inbox *inbox, struct cluster_key key,
                       const struct bytes *parts)
{
    if (cluster_snapshots_is_open(&inbox->snapshots, parts[0]))
        cluster_snapshots_wait(&inbox->snapshots, parts[0], waiter_of(parts[1]));
    else
        inbox->events->on_ready(key, waiter_of(parts[1]), inbox->user);
}

/* --- wide channels -------------------------------------------------------------------------- */

/* key, letter of its stream or "", how many entries that has had */
static void read_width(struct cluster_inbox *inbox, const struct bytes *parts)
{
    struct cluster_state_channel *channel = cluster_state_find(inbox->state, parts[0]);
    const char letter = parts[1].len == 1 ? parts[1].data[0] : 0;

    if (channel == NULL || (letter != 0 && bytes_hex_digit(letter) < 0))
        return;
    cluster_state_set_wide(inbox->state, channel, letter);
    if (letter != 0)
        inbox->on_wide(letter, number_of(parts[2]), inbox->wide_user);
}

void cluster_inbox_drop_snapshots(struct cluster_inbox *inbox)
{
    cluster_snapshots_clear(&inbox->snapshots);
}

/* --- entries -------------------------------------------------------------------------------- */

/* How many parts an item of that letter has; 0: the letter is not known. */
static size_t parts_count(char letter)
{
    switch (letter) {
    case 'C':
    case 'D':
    case 'O':
        return 2;
    case 'P':
    case 'S':
    case 'R':
    case 'M':
    case 'Q':
    case 'W':
        return 3;
    case 'A':
    case 'T':
        return 4;
    case 'E':
        return 5;
    case 'K':
        return 6;
    default:
        return 0;
    }
}

/* An item whose first part is a key. */
static void read_of_channel(struct cluster_inbox *inbox, char letter, struct bytes packed,
                            const struct bytes *parts)
{
    const struct cluster_events *events = inbox->events;
    struct cluster_key key;

    if (!cluster_key_read(parts[0], &key))
        return;
    switch (letter) {
    case 'E':
    case 'K':
        read_event(inbox, key, parts, letter == 'K');
        break;
    case 'P':
        read_members(inbox, key, packed);
        break;
    case 'S':
        events->on_cached(key, parts[2], number_of(parts[1]), inbox->user);
        break;
    case 'A':
        cluster_snapshots_join(&inbox->snapshots, parts[0], parts[1], parts[2]);
        events->on_member_added(key, (struct cluster_member){parts[1], parts[2]},
                                is_ours(inbox, parts[3]), inbox->user);
        break;
    case 'R':
        cluster_snapshots_leave(&inbox->snapshots, parts[0], parts[1]);
        events->on_member_removed(key, parts[1], is_ours(inbox, parts[2]), inbox->user);
        break;
    case 'C':
        events->on_count(key, number_of(parts[1]), inbox->user);
        break;
    case 'D':
        read_ready(inbox, key, parts);
        break;
    case 'O':
        events->on_online(key, number_of(parts[1]) != 0, inbox->user);
        break;
    case 'Q':
        events->on_online_answer(key, waiter_of(parts[1]), number_of(parts[2]) != 0, inbox->user);
        break;
    default:
        break;
    }
}

/* App, waiter, whether it is admitted. An admission for a previous incarnation is not counted:
 * Redis has removed that one's connections, and the waiter was answered when its link was lost. */
static void read_admission(struct cluster_inbox *inbox, const struct bytes *parts)
{
    const struct cluster_waiter waiter = waiter_of(parts[1]);
    const bool is_admitted = number_of(parts[2]) != 0;

    if (waiter.token != inbox->incarnation)
        return;
    if (is_admitted)
        cluster_state_connect(inbox->state, parts[0], 1, true);
    inbox->events->on_admitted(parts[0], waiter.socket_id, is_admitted, inbox->user);
}

static void read_one(struct cluster_inbox *inbox, char letter, struct bytes packed)
{
    struct bytes parts[PARTS_COUNT_MAX] = {0};
    const size_t count = parts_count(letter);

    if (count == 0 || !unpack(packed, parts, count))
        return;
    if (letter == 'T')
        read_termination(inbox, parts);
    else if (letter == 'M')
        read_admission(inbox, parts);
    else if (letter == 'W')
        read_width(inbox, parts);
    else
        read_of_channel(inbox, letter, packed, parts);
}

void cluster_inbox_read(struct cluster_inbox *inbox, struct bytes entry)
{
    struct bytes packed;

    while (entry.len > 0) {
        const char letter = entry.data[0];

        entry = bytes_from(entry, 1);
        if (!next_part(&entry, &packed))
            return;
        read_one(inbox, letter, packed);
    }
}

void cluster_inbox_init(struct cluster_inbox *inbox)
{
    list_init(&inbox->origins);
    cluster_snapshots_init(&inbox->snapshots);
}

void cluster_inbox_deinit(struct cluster_inbox *inbox)
{
    cluster_snapshots_deinit(&inbox->snapshots);
    LIST_EACH(link, following, &inbox->origins) {
        free(LIST_OWNER(link, struct origin, link));
    }
}
