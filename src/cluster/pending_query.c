#include "cluster/pending_query.h"

#include "base/mem.h"
#include "base/move.h"

#include <stdio.h>
#include <string.h>

/* Channels in one call of the script. */
#define CHANNELS_AT_ONCE 100

/* A link's part of a query: the channels that this link is asked for, page by page. */
struct part {
    struct cluster_pending_query *query;
    struct cluster_link *link;
    char cursor[24];
    bool is_loaded; /* the script, for this page */
    size_t count;
    size_t indices[CHANNELS_AT_ONCE];
};

/* The answer, or a page of it. */
struct answer_mail {
    struct net_mail mail;
    void (*on_answer)(const struct cluster_query_answer *answer, void *user);
    void *user;
    struct cluster_facts facts;
};

/* --- answering ------------------------------------------------------------------------------ */

static void free_query(struct cluster_pending_query *query)
{
    cluster_facts_deinit(&query->facts);
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
    sent->on_answer(&answer, sent->user);
    cluster_facts_deinit(&sent->facts);
    free(sent);
}

static void post(const struct cluster_query_caller *caller,
                 void (*on_answer)(const struct cluster_query_answer *answer, void *user),
                 struct cluster_facts facts)
{
    struct answer_mail *sent = mem_new(sizeof *sent);

    sent->mail.deliver = on_answer_mail;
    sent->on_answer = on_answer;
    sent->user = caller->user;
    sent->facts = facts;
    NET_MAILBOX_POST(caller->mailbox, sent);
}

static void answer(struct cluster_pending_query *query)
{
    query->is_answered = true;
    list_remove(&query->link);
    post(&query->caller, query->caller.on_answer, cluster_facts_cut(&query->facts));
}

/* The caller has its share of a long answer at once, and not all of it in one turn. */
static void answer_page(struct cluster_pending_query *query)
{
    const struct cluster_query_caller *caller = &query->caller;

    if (caller->on_page == NULL)
        return;
    if (query->kind == CLUSTER_PENDING_QUERY_LIST)
        post(caller, caller->on_page, cluster_facts_cut(&query->facts));
    else if (query->kind == CLUSTER_PENDING_QUERY_USERS)
        post(caller, caller->on_page, cluster_facts_cut_users(&query->facts));
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

static void take(const struct part *part, const redisReply *reply)
{
    struct cluster_facts *facts = &part->query->facts;

    switch (part->query->kind) {
    case CLUSTER_PENDING_QUERY_LIST:
        cluster_facts_take_list(facts, reply->element[1]);
        break;
    case CLUSTER_PENDING_QUERY_USERS:
        if (reply->elements > 2)
            cluster_facts_take_users(facts, reply->element[2]);
        /* fall through */
    case CLUSTER_PENDING_QUERY_CHANNELS:
        for (size_t i = 0; i < reply->element[1]->elements && i < part->count; i++)
            cluster_facts_take_channel(facts, part->indices[i], reply->element[1]->element[i]);
        break;
    case CLUSTER_PENDING_QUERY_CONNECTIONS:
        cluster_facts_take_connections(facts, reply->element[1]);
        break;
    case CLUSTER_PENDING_QUERY_ACKED:
        break;
    }
}

/* One reply has come; after the last one the query is answered. */
static void finish_one(struct cluster_pending_query *query)
{
    if (--query->waits_count > 0)
        return;
    if (!query->is_answered)
        answer(query);
    free_query(query);
}

static void send_part(struct part *part);

/* Somebody has flushed the scripts: this one is loaded again, once for a page. */
static bool must_load(struct part *part, const redisReply *reply)
{
    const bool is_missing = reply != NULL && reply->type == REDIS_REPLY_ERROR &&
                            bytes_starts_with(cluster_redis_text(reply), BYTES("NOSCRIPT ")) &&
                            !part->is_loaded && part->link->phase == CLUSTER_LINK_UP;

    part->is_loaded = is_missing;
    return is_missing;
}

/* [cursor of the next page, …] */
static void on_reply(const redisReply *reply, void *data, void *user)
{
    struct part *part = data;
    struct cluster_pending_query *query = part->query;
    struct bytes cursor = BYTES("0");

    (void)user;
    if (must_load(part, reply)) {
        cluster_connector_load_query(&part->link->connector);
        send_part(part);
        finish_one(query);
        return;
    }
    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements < 2) {
        query->facts.is_known = false;
    } else if (!query->is_answered) {
        take(part, reply);
        answer_page(query);
        cursor = cluster_redis_text(reply->element[0]);
        query->progress_ms = net_loop_now_ms(part->link->shared->loop);
    }
    snprintf(part->cursor, sizeof part->cursor, "%.*s", BYTES_ARGS(cursor));
    if (bytes_equal(cursor, BYTES("0")))
        free(part);
    else
        send_part(part);
    finish_one(query);
}

static void on_acked(bool is_acked, void *data)
{
    struct cluster_pending_query *query = data;

    if (!is_acked)
        query->facts.is_known = false;
    finish_one(query);
}

/* --- querying the links --------------------------------------------------------------------- */

static struct part *part_new(struct cluster_pending_query *query, struct cluster_link *link)
{
    struct part *part = mem_new(sizeof *part);

    part->query = query;
    part->link = link;
    part->cursor[0] = '0';
    return part;
}

static struct cluster_key key_of(const struct cluster_pending_query *query, struct bytes name)
{
    return (struct cluster_key){CLUSTER_KEY_CHANNEL, bytes_of(query->app_id), name};
}

static void add_list(struct cluster_resp *command, const struct cluster_pending_query *query)
{
    cluster_resp_add_text(command, query->app_id);
    cluster_resp_add(command, (struct bytes){query->prefix, query->prefix_len});
    cluster_resp_add_text(command, query->has_users ? "1" : "0");
    cluster_resp_add_text(command, query->has_cached ? "1" : "0");
}

static void add_channels(struct cluster_resp *command, const struct part *part)
{
    struct buffer text = {0};

    for (size_t i = 0; i < part->count; i++) {
        buffer_clear(&text);
        cluster_key_write(&text,
                          key_of(part->query, part->query->facts.channels[part->indices[i]].name));
        cluster_resp_add(command, buffer_bytes(&text));
    }
    buffer_deinit(&text);
}

static void write_part(struct cluster_resp *command, const struct part *part)
{
    static const char *const questions[] = {
        [CLUSTER_PENDING_QUERY_LIST] = "list",
        [CLUSTER_PENDING_QUERY_CHANNELS] = "channels",
        [CLUSTER_PENDING_QUERY_USERS] = "users",
        [CLUSTER_PENDING_QUERY_CONNECTIONS] = "connections",
    };
    const struct cluster_pending_query *query = part->query;

    cluster_resp_add_text(command, questions[query->kind]);
    cluster_resp_add_text(command, part->cursor);
    if (query->kind == CLUSTER_PENDING_QUERY_LIST)
        add_list(command, query);
    else if (query->kind == CLUSTER_PENDING_QUERY_CONNECTIONS)
        cluster_resp_add_text(command, query->app_id);
    else
        add_channels(command, part);
}

static void send_part(struct part *part)
{
    struct cluster_pending_query *query = part->query;
    struct cluster_resp command = {0};

    write_part(&command, part);
    query->waits_count++;
    if (!cluster_link_query(part->link, &command, on_reply, part)) {
        query->waits_count--;
        query->facts.is_known = false;
        free(part);
    }
    cluster_resp_deinit(&command);
}

/* Queries this link for those of the channels that it has. */
static void query_channels(struct cluster_pending_query *query, struct cluster_link *links,
                           size_t index, size_t links_count)
{
    struct part *part = NULL;

    for (size_t i = 0; i < query->facts.channels_count; i++) {
        if (cluster_key_partition(key_of(query, query->facts.channels[i].name), links_count) !=
            index)
            continue;
        if (part != NULL && part->count == CHANNELS_AT_ONCE) {
            send_part(part);
            part = NULL;
        }
        if (part == NULL)
            part = part_new(query, &links[index]);
        part->indices[part->count++] = i;
    }
    if (part != NULL)
        send_part(part);
}

void cluster_pending_query_begin(struct cluster_pending_query *query, struct cluster_link *links,
                                 size_t links_count, struct list *queries, uint64_t now_ms)
{
    query->progress_ms = now_ms;
    query->facts.is_known = true;
    list_append(queries, &query->link);
    query->waits_count = 1; /* not done before all links are asked */
    if (query->kind == CLUSTER_PENDING_QUERY_CONNECTIONS)
        send_part(
            part_new(query, &links[cluster_key_partition(key_of(query, BYTES("")), links_count)]));
    for (size_t i = 0; i < links_count; i++) {
        if (query->kind == CLUSTER_PENDING_QUERY_LIST)
            send_part(part_new(query, &links[i]));
        else if (query->kind == CLUSTER_PENDING_QUERY_CHANNELS ||
                 query->kind == CLUSTER_PENDING_QUERY_USERS)
            query_channels(query, links, i, links_count);
        else if (query->kind == CLUSTER_PENDING_QUERY_ACKED &&
                 cluster_link_wait(&links[i], on_acked, query))
            query->waits_count++;
    }
    if (!query->facts.is_known)
        answer(query);
    finish_one(query);
}
