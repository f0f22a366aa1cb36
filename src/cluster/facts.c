#include "cluster/facts.h"

#include "base/hash.h"
#include "base/mem.h"
#include "cluster/redis.h"

#include <string.h>

struct seen {
    struct map_entry entry;
    size_t len;
    char text[];
};

static struct bytes copy(struct bytes text)
{
    return (struct bytes){bytes_copy(text), text.len};
}

static void free_text(struct bytes text)
{
    free((void *)(uintptr_t)text.data);
}

static void free_seen(struct map_entry *entry)
{
    free(LIST_OWNER(entry, struct seen, entry));
}

void cluster_facts_deinit(struct cluster_facts *facts)
{
    map_deinit_each(&facts->seen, free_seen);
    for (size_t i = 0; i < facts->channels_count; i++) {
        free_text(facts->channels[i].name);
        free_text(facts->channels[i].cached);
    }
    for (size_t i = 0; i < facts->users_count; i++)
        free_text(facts->users[i]);
    free(facts->channels);
    free(facts->users);
}

/* --- pages ---------------------------------------------------------------------------------- */

struct cluster_facts cluster_facts_cut_users(struct cluster_facts *facts)
{
    const struct cluster_facts page = {
        .users = facts->users,
        .users_count = facts->users_count,
        .is_known = facts->is_known,
    };

    facts->users = NULL;
    facts->users_count = 0;
    facts->users_cap = 0;
    return page;
}

struct cluster_facts cluster_facts_cut(struct cluster_facts *facts)
{
    struct cluster_facts rest = *facts;

    rest.seen = (struct map){0};
    *facts = (struct cluster_facts){.seen = facts->seen, .is_known = facts->is_known};
    return rest;
}

/* --- what the replies contain --------------------------------------------------------------- */

static struct bytes text_of(const struct seen *seen)
{
    return (struct bytes){seen->text, seen->len};
}

static bool is_seen(const struct cluster_facts *facts, struct bytes text, uint64_t hash)
{
    for (struct map_entry *at = map_first(&facts->seen, hash); at != NULL; at = map_next(at, hash))
        if (bytes_equal(text_of(LIST_OWNER(at, struct seen, entry)), text))
            return true;
    return false;
}

/* False if it was there before. */
static bool see(struct cluster_facts *facts, struct bytes text)
{
    const uint64_t hash = hash_bytes(text);
    struct seen *seen;

    if (is_seen(facts, text, hash))
        return false;
    seen = mem_new(sizeof *seen + text.len);
    seen->len = text.len;
    if (text.len > 0)
        memcpy(seen->text, text.data, text.len);
    map_add(&facts->seen, &seen->entry, hash);
    return true;
}

static struct cluster_query_channel *new_channel(struct cluster_facts *facts, struct bytes name)
{
    struct cluster_query_channel *channel;

    facts->channels =
        mem_room(facts->channels, facts->channels_count, &facts->channels_cap, sizeof *channel);
    channel = &facts->channels[facts->channels_count++];
    *channel = (struct cluster_query_channel){.name = name};
    return channel;
}

void cluster_facts_add_channel(struct cluster_facts *facts, struct bytes name)
{
    new_channel(facts, copy(name));
}

static uint64_t number_of(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER && reply->integer > 0 ? (uint64_t)reply->integer : 0;
}

static bool is_channel(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 5;
}

static void take(struct cluster_query_channel *channel, const redisReply *reply)
{
    channel->subscription_count = (uint32_t)number_of(reply->element[1]);
    channel->user_count = (uint32_t)number_of(reply->element[2]);
    if (cluster_redis_text(reply->element[3]).len > 0 && channel->cached.data == NULL)
        channel->cached = copy(cluster_redis_text(reply->element[3]));
    channel->cached_ttl_ms = number_of(reply->element[4]);
}

void cluster_facts_take_channel(struct cluster_facts *facts, size_t index, const redisReply *reply)
{
    if (is_channel(reply))
        take(&facts->channels[index], reply);
}

void cluster_facts_take_list(struct cluster_facts *facts, const redisReply *reply)
{
    for (size_t i = 0; i < reply->elements; i++) {
        struct bytes name;

        if (!is_channel(reply->element[i]))
            continue;
        name = cluster_redis_text(reply->element[i]->element[0]);
        if (see(facts, name))
            take(new_channel(facts, copy(name)), reply->element[i]);
    }
}

void cluster_facts_take_users(struct cluster_facts *facts, const redisReply *reply)
{
    for (size_t i = 0; i < reply->elements; i++) {
        const struct bytes id = cluster_redis_text(reply->element[i]);

        if (!see(facts, id))
            continue;
        facts->users =
            mem_room(facts->users, facts->users_count, &facts->users_cap, sizeof *facts->users);
        facts->users[facts->users_count++] = copy(id);
    }
}

void cluster_facts_take_connections(struct cluster_facts *facts, const redisReply *reply)
{
    facts->connections_count = number_of(reply);
}
