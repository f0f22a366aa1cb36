#include "cluster/state.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

struct bytes cluster_state_key(const struct cluster_state_channel *channel)
{
    return (struct bytes){channel->key, channel->key_len};
}

struct bytes cluster_state_user_id(const struct cluster_state_member *member)
{
    return (struct bytes){member->text, member->user_id_len};
}

struct bytes cluster_state_user_info(const struct cluster_state_member *member)
{
    return (struct bytes){member->text + member->user_id_len, member->user_info_len};
}

/* --- channels ------------------------------------------------------------------------------- */

struct cluster_state_channel *cluster_state_find(const struct cluster_state *state,
                                                 struct bytes key)
{
    const uint64_t hash = hash_bytes(key);

    for (struct map_entry *at = map_first(&state->channels, hash); at != NULL;
         at = map_next(at, hash))
        if (bytes_equal(cluster_state_key(cluster_state_channel_of(at)), key))
            return cluster_state_channel_of(at);
    return NULL;
}

static struct cluster_state_channel *find_or_add(struct cluster_state *state, struct bytes key)
{
    struct cluster_state_channel *channel = cluster_state_find(state, key);

    if (channel != NULL)
        return channel;
    channel = mem_new(sizeof *channel + key.len);
    channel->key_len = (uint32_t)key.len;
    memcpy(channel->key, key.data, key.len);
    list_init(&channel->dirty);
    list_init(&channel->members_by_age);
    map_add(&state->channels, &channel->entry, hash_bytes(key));
    return channel;
}

static void free_member(struct map_entry *entry)
{
    free(LIST_OWNER(entry, struct cluster_state_member, entry));
}

static void free_channel(struct map_entry *entry)
{
    map_deinit_each(&cluster_state_channel_of(entry)->members, free_member);
    free(cluster_state_channel_of(entry));
}

struct cluster_state_channel *cluster_state_subscribe(struct cluster_state *state, struct bytes key,
                                                      int change, unsigned flags)
{
    struct cluster_state_channel *channel = find_or_add(state, key);

    CHECK(change >= 0 || channel->subscriptions_count >= (uint32_t)-change);
    if (channel->subscriptions_count == 0 && change > 0)
        channel->needs_state = true;
    state->occupied_count -= channel->subscriptions_count > 0;
    channel->subscriptions_count += (uint32_t)change;
    state->occupied_count += channel->subscriptions_count > 0;
    channel->flags = flags;
    if (list_is_empty(&channel->dirty))
        list_append(&state->dirty, &channel->dirty);
    return channel;
}

void cluster_state_clean(struct cluster_state *state, struct cluster_state_channel *channel)
{
    list_remove(&channel->dirty);
    channel->needs_state = false;
    if (channel->subscriptions_count > 0 || channel->members.count > 0)
        return;
    cluster_state_set_wide(state, channel, 0);
    map_remove(&state->channels, &channel->entry);
    free_channel(&channel->entry);
}

void cluster_state_drop(struct cluster_state *state, struct bytes key)
{
    struct cluster_state_channel *channel = cluster_state_find(state, key);

    state->occupied_count -= channel->subscriptions_count > 0;
    list_remove(&channel->dirty);
    cluster_state_set_wide(state, channel, 0);
    map_remove(&state->channels, &channel->entry);
    free_channel(&channel->entry);
}

/* --- wide channels -------------------------------------------------------------------------- */

static size_t *wide_count(struct cluster_state *state, char letter)
{
    return &state->wide_counts[bytes_hex_digit(letter)];
}

void cluster_state_set_wide(struct cluster_state *state, struct cluster_state_channel *channel,
                            char letter)
{
    if (channel->wide != 0)
        (*wide_count(state, channel->wide))--;
    channel->wide = letter;
    if (channel->wide != 0)
        (*wide_count(state, channel->wide))++;
}

void cluster_state_forget_wide(struct cluster_state *state)
{
    for (struct map_entry *at = map_any(&state->channels, NULL); at != NULL;
         at = map_any(&state->channels, at))
        cluster_state_set_wide(state, cluster_state_channel_of(at), 0);
}

bool cluster_state_has_wide(const struct cluster_state *state, char letter)
{
    return *wide_count((struct cluster_state *)state, letter) > 0;
}

/* --- members -------------------------------------------------------------------------------- */

static struct cluster_state_member *find_member(const struct cluster_state_channel *channel,
                                                struct bytes user_id, uint64_t hash)
{
    for (struct map_entry *at = map_first(&channel->members, hash); at != NULL;
         at = map_next(at, hash)) {
        struct cluster_state_member *member = LIST_OWNER(at, struct cluster_state_member, entry);

        if (bytes_equal(cluster_state_user_id(member), user_id))
            return member;
    }
    return NULL;
}

static void remove_member(struct cluster_state_channel *channel,
                          struct cluster_state_member *member)
{
    map_remove(&channel->members, &member->entry);
    list_remove(&member->by_age);
    free(member);
}

void cluster_state_join(struct cluster_state *state, struct bytes key, struct bytes user_id,
                        struct bytes user_info)
{
    struct cluster_state_channel *channel = find_or_add(state, key);
    const uint64_t hash = hash_bytes(user_id);
    struct cluster_state_member *member;

    member = find_member(channel, user_id, hash);
    if (member != NULL && bytes_equal(cluster_state_user_info(member), user_info))
        return;
    if (member != NULL)
        remove_member(channel, member);
    member = mem_new(sizeof *member + user_id.len + user_info.len);
    member->user_id_len = (uint32_t)user_id.len;
    member->user_info_len = (uint32_t)user_info.len;
    memcpy(member->text, user_id.data, user_id.len);
    memcpy(member->text + user_id.len, user_info.data, user_info.len);
    map_add(&channel->members, &member->entry, hash);
    list_append(&channel->members_by_age, &member->by_age);
}

void cluster_state_leave(struct cluster_state *state, struct bytes key, struct bytes user_id)
{
    struct cluster_state_channel *channel = cluster_state_find(state, key);
    struct cluster_state_member *member =
        channel ? find_member(channel, user_id, hash_bytes(user_id)) : NULL;

    if (member != NULL)
        remove_member(channel, member);
}

const struct cluster_state_member *cluster_state_oldest_member(
    const struct cluster_state_channel *channel)
{
    return list_is_empty(&channel->members_by_age)
               ? NULL
               : LIST_OWNER(channel->members_by_age.next, struct cluster_state_member, by_age);
}

/* --- apps ----------------------------------------------------------------------------------- */

struct bytes cluster_state_app_id(const struct cluster_state_app *app)
{
    return (struct bytes){app->id, app->id_len};
}

static struct cluster_state_app *app_of(struct map_entry *entry)
{
    return LIST_OWNER(entry, struct cluster_state_app, entry);
}

struct cluster_state_app *cluster_state_find_app(const struct cluster_state *state, struct bytes id)
{
    const uint64_t hash = hash_bytes(id);

    for (struct map_entry *at = map_first(&state->apps, hash); at != NULL; at = map_next(at, hash))
        if (bytes_equal(cluster_state_app_id(app_of(at)), id))
            return app_of(at);
    return NULL;
}

static struct cluster_state_app *find_or_add_app(struct cluster_state *state, struct bytes id)
{
    struct cluster_state_app *app = cluster_state_find_app(state, id);

    if (app != NULL)
        return app;
    app = mem_new(sizeof *app + id.len);
    app->id_len = (uint32_t)id.len;
    memcpy(app->id, id.data, id.len);
    list_init(&app->dirty);
    map_add(&state->apps, &app->entry, hash_bytes(id));
    return app;
}

struct cluster_state_app *cluster_state_connect(struct cluster_state *state, struct bytes id,
                                                int change, bool is_known)
{
    struct cluster_state_app *app = find_or_add_app(state, id);

    app->connections_count += change;
    if (is_known)
        return app;
    app->unreported += change;
    if (list_is_empty(&app->dirty))
        list_append(&state->dirty_apps, &app->dirty);
    return app;
}

void cluster_state_clean_app(struct cluster_state *state, struct cluster_state_app *app)
{
    app->unreported = 0;
    list_remove(&app->dirty);
    if (app->connections_count != 0)
        return;
    map_remove(&state->apps, &app->entry);
    free(app);
}

/* --- life ----------------------------------------------------------------------------------- */

void cluster_state_init(struct cluster_state *state)
{
    state->channels = (struct map){0};
    state->occupied_count = 0;
    list_init(&state->dirty);
    state->apps = (struct map){0};
    list_init(&state->dirty_apps);
}

static void free_app(struct map_entry *entry)
{
    free(app_of(entry));
}

void cluster_state_deinit(struct cluster_state *state)
{
    map_deinit_each(&state->channels, free_channel);
    map_deinit_each(&state->apps, free_app);
}
