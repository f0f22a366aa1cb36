#include "cluster/pending_query.h"

#include "base/mem.h"
#include "base/move.h"

#include <string.h>

/* The links' part of an ask: which of its channels that link was asked for. */
struct part {
    struct cluster_pending_query *query;
    size_t count;
    size_t indices[];
};

struct answer_mail {
    struct net_mail mail;
    struct cluster_query_caller caller;
    struct cluster_pending_query_facts facts;
};

static struct bytes copy(struct bytes text)
{
    return (struct bytes){bytes_copy(text), text.len};
}

static void free_text(struct bytes text)
{
    free((void *)(uintptr_t)text.data);
}

/* --- answering ------------------------------------------------------------------------------ */

static void free_facts(struct cluster_pending_query_facts *facts)
{
    for (size_t i = 0; i < facts->channels_count; i++) {
        free_text(facts->channels[i].name);
        free_text(facts->channels[i].cached);
    }
    for (size_t i = 0; i < facts->users_count; i++)
        free_text(facts->users[i]);
    free(facts->channels);
    free(facts->users);
}

static void free_query(struct cluster_pending_query *query)
{
    free_facts(&query->facts);
    free(query->app_id);
    free(query->prefix);
    free(query);
}

static void on_answer_mail(struct net_mail *mail, void *owner)
{
    struct answer_mail *sent = (struct answer_mail *)mail;
    const struct cluster_query_answer answer = {
        .is_known = sent->facts.is_known,
        .channels = sent->facts.channels,
        .channels_count = sent->facts.channels_count,
        .users = sent->facts.users,
        .users_count = sent->facts.users_count,
        .connections_count = sent->facts.connections_count,
    };

    (void)owner;
    sent->caller.on_answer(&answer, sent->caller.user);
    free_facts(&sent->facts);
    free(sent);
}

static void answer(struct cluster_pending_query *query)
{
    struct answer_mail *sent = mem_new(sizeof *sent);

    sent->mail.deliver = on_answer_mail;
    sent->caller = query->caller;
    sent->facts = query->facts;
    query->facts = (struct cluster_pending_query_facts){0};
    query->is_answered = true;
    list_remove(&query->link);
    NET_MAILBOX_POST(sent->caller.mailbox, sent);
}

void cluster_pending_query_give_up(struct cluster_pending_query *query)
{
    query->facts.is_known = false;
    answer(query);
}

void cluster_pending_query_refuse(struct cluster_pending_query **query)
{
    struct cluster_pending_query *refused = MOVE(*query);

    list_init(&refused->link);
    cluster_pending_query_give_up(refused);
    free_query(refused);
}

/* --- what the links reply ------------------------------------------------------------------- */

static uint64_t number_of(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER && reply->integer > 0 ? (uint64_t)reply->integer : 0;
}

/* [name, subscriptions, members, kept event, its time to live] */
static void take_channel(struct cluster_query_channel *channel, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 5)
        return;
    if (channel->name.data == NULL)
        channel->name = copy(cluster_redis_text(reply->element[0]));
    channel->subscription_count = (uint32_t)number_of(reply->element[1]);
    channel->user_count = (uint32_t)number_of(reply->element[2]);
    if (cluster_redis_text(reply->element[3]).len > 0)
        channel->cached = copy(cluster_redis_text(reply->element[3]));
    channel->cached_ttl_ms = number_of(reply->element[4]);
}

static void take_list(struct cluster_pending_query_facts *facts, const redisReply *reply)
{
    const size_t count = facts->channels_count + reply->elements;

    if (reply->elements == 0)
        return;
    facts->channels = mem_resize(facts->channels, count * sizeof *facts->channels);
    for (size_t i = 0; i < reply->elements; i++) {
        struct cluster_query_channel *channel = &facts->channels[facts->channels_count++];

        *channel = (struct cluster_query_channel){0};
        take_channel(channel, reply->element[i]);
    }
}

static void take_users(struct cluster_pending_query_facts *facts, const redisReply *reply)
{
    const redisReply *users;

    if (reply->elements != 2 || reply->element[1]->type != REDIS_REPLY_ARRAY)
        return;
    users = reply->element[1];
    take_channel(&facts->channels[0], reply->element[0]);
    facts->users = mem_new((users->elements + 1) * sizeof *facts->users);
    for (size_t i = 0; i < users->elements; i++)
        facts->users[facts->users_count++] = copy(cluster_redis_text(users->element[i]));
}

static void take(const struct part *part, const redisReply *reply)
{
    struct cluster_pending_query_facts *facts = &part->query->facts;

    switch (part->query->kind) {
    case CLUSTER_PENDING_QUERY_LIST:
        take_list(facts, reply);
        break;
    case CLUSTER_PENDING_QUERY_CHANNELS:
        for (size_t i = 0; i < reply->elements && i < part->count; i++)
            take_channel(&facts->channels[part->indices[i]], reply->element[i]);
        break;
    case CLUSTER_PENDING_QUERY_USERS:
        take_users(facts, reply);
        break;
    case CLUSTER_PENDING_QUERY_CONNECTIONS:
        if (reply->elements == 1)
            facts->connections_count = number_of(reply->element[0]);
        break;
    case CLUSTER_PENDING_QUERY_ACKED:
        break;
    }
}

/* One reply less to wait for. */
static void go_on(struct cluster_pending_query *query)
{
    if (--query->waits_count > 0)
        return;
    if (!query->is_answered)
        answer(query);
    free_query(query);
}

static void on_reply(const redisReply *reply, void *data, void *user)
{
    struct part *part = data;
    struct cluster_pending_query *query = part->query;

    (void)user;
    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY)
        query->facts.is_known = false;
    else if (!query->is_answered)
        take(part, reply);
    free(part);
    go_on(query);
}

static void on_acked(bool is_acked, void *data)
{
    struct cluster_pending_query *query = data;

    if (!is_acked)
        query->facts.is_known = false;
    go_on(query);
}

/* --- asking the links ----------------------------------------------------------------------- */

static struct part *part_new(struct cluster_pending_query *query)
{
    struct part *part = mem_new(sizeof *part + query->facts.channels_count * sizeof(size_t));

    part->query = query;
    return part;
}

static void send_part(struct part *part, struct cluster_link *link, struct cluster_resp *command)
{
    struct cluster_pending_query *query = part->query;

    query->waits_count++;
    if (!cluster_link_query(link, command, on_reply, part)) {
        query->waits_count--;
        query->facts.is_known = false;
        free(part);
    }
    cluster_resp_deinit(command);
}

static struct cluster_key key_of(const struct cluster_pending_query *query, struct bytes name)
{
    return (struct cluster_key){CLUSTER_KEY_CHANNEL, bytes_of(query->app_id), name};
}

static void query_list(struct cluster_pending_query *query, struct cluster_link *link)
{
    struct cluster_resp command = {0};

    cluster_resp_add_text(&command, "list");
    cluster_resp_add_text(&command, query->app_id);
    cluster_resp_add(&command, (struct bytes){query->prefix, query->prefix_len});
    cluster_resp_add_text(&command, query->has_users ? "1" : "0");
    cluster_resp_add_text(&command, query->has_cached ? "1" : "0");
    send_part(part_new(query), link, &command);
}

/* Those of its channels that this link has. */
static void query_channels(struct cluster_pending_query *query, struct cluster_link *links,
                           size_t index, size_t links_count, const char *question)
{
    struct cluster_resp command = {0};
    struct part *part = part_new(query);
    struct buffer text = {0};

    cluster_resp_add_text(&command, question);
    for (size_t i = 0; i < query->facts.channels_count; i++) {
        const struct cluster_key key = key_of(query, query->facts.channels[i].name);

        if (cluster_key_partition(key, links_count) != index)
            continue;
        buffer_clear(&text);
        cluster_key_write(&text, key);
        cluster_resp_add(&command, buffer_bytes(&text));
        part->indices[part->count++] = i;
    }
    buffer_deinit(&text);
    if (part->count > 0) {
        send_part(part, &links[index], &command);
    } else {
        free(part);
        cluster_resp_deinit(&command);
    }
}

static void query_connections(struct cluster_pending_query *query, struct cluster_link *links,
                              size_t links_count)
{
    struct cluster_resp command = {0};

    cluster_resp_add_text(&command, "connections");
    cluster_resp_add_text(&command, query->app_id);
    send_part(part_new(query), &links[cluster_key_partition(key_of(query, BYTES("")), links_count)],
              &command);
}

void cluster_pending_query_begin(struct cluster_pending_query *query, struct cluster_link *links,
                                 size_t links_count, struct list *queries, uint64_t now_ms)
{
    query->begun_ms = now_ms;
    query->facts.is_known = true;
    list_append(queries, &query->link);
    query->waits_count = 1; /* not done before all are asked */
    if (query->kind == CLUSTER_PENDING_QUERY_CONNECTIONS)
        query_connections(query, links, links_count);
    for (size_t i = 0; i < links_count; i++) {
        if (query->kind == CLUSTER_PENDING_QUERY_LIST)
            query_list(query, &links[i]);
        else if (query->kind == CLUSTER_PENDING_QUERY_CHANNELS)
            query_channels(query, links, i, links_count, "channels");
        else if (query->kind == CLUSTER_PENDING_QUERY_USERS)
            query_channels(query, links, i, links_count, "users");
        else if (query->kind == CLUSTER_PENDING_QUERY_ACKED &&
                 cluster_link_wait(&links[i], on_acked, query))
            query->waits_count++;
    }
    if (!query->facts.is_known)
        answer(query);
    go_on(query);
}
