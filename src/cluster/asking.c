#include "cluster/asking.h"

#include "base/mem.h"

#include <string.h>

/* The links' part of an ask: which of its channels that link was asked for. */
struct part {
    struct cluster_asking *asking;
    size_t count;
    size_t indices[];
};

struct answer_mail {
    struct net_mail mail;
    struct cluster_ask_caller asker;
    struct cluster_asking_facts facts;
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

static void free_facts(struct cluster_asking_facts *facts)
{
    for (size_t i = 0; i < facts->channels_count; i++) {
        free_text(facts->channels[i].name);
        free_text(facts->channels[i].kept);
    }
    for (size_t i = 0; i < facts->users_count; i++)
        free_text(facts->users[i]);
    free(facts->channels);
    free(facts->users);
}

static void free_asking(struct cluster_asking *asking)
{
    free_facts(&asking->facts);
    free(asking->app_id);
    free(asking->prefix);
    free(asking);
}

static void on_answer_mail(struct net_mail *mail, void *owner)
{
    struct answer_mail *sent = (struct answer_mail *)mail;
    const struct cluster_ask_answer answer = {
        .is_known = sent->facts.is_known,
        .channels = sent->facts.channels,
        .channels_count = sent->facts.channels_count,
        .users = sent->facts.users,
        .users_count = sent->facts.users_count,
        .connections_count = sent->facts.connections_count,
    };

    (void)owner;
    sent->asker.on_answer(&answer, sent->asker.user);
    free_facts(&sent->facts);
    free(sent);
}

static void answer(struct cluster_asking *asking)
{
    struct answer_mail *sent = mem_new(sizeof *sent);

    sent->mail.deliver = on_answer_mail;
    sent->asker = asking->asker;
    sent->facts = asking->facts;
    asking->facts = (struct cluster_asking_facts){0};
    asking->is_answered = true;
    list_remove(&asking->link);
    net_mailbox_post(sent->asker.mailbox, &sent->mail);
}

void cluster_asking_give_up(struct cluster_asking *asking)
{
    asking->facts.is_known = false;
    answer(asking);
}

/* --- what the links reply ------------------------------------------------------------------- */

static uint64_t number_of(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER && reply->integer > 0 ? (uint64_t)reply->integer : 0;
}

/* [name, subscriptions, members, kept event, its time to live] */
static void take_channel(struct cluster_ask_channel *channel, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 5)
        return;
    if (channel->name.data == NULL)
        channel->name = copy(cluster_redis_text(reply->element[0]));
    channel->subscription_count = (uint32_t)number_of(reply->element[1]);
    channel->user_count = (uint32_t)number_of(reply->element[2]);
    if (cluster_redis_text(reply->element[3]).len > 0)
        channel->kept = copy(cluster_redis_text(reply->element[3]));
    channel->kept_ttl_ms = number_of(reply->element[4]);
}

static void take_list(struct cluster_asking_facts *facts, const redisReply *reply)
{
    const size_t count = facts->channels_count + reply->elements;

    if (reply->elements == 0)
        return;
    facts->channels = mem_resize(facts->channels, count * sizeof *facts->channels);
    for (size_t i = 0; i < reply->elements; i++) {
        struct cluster_ask_channel *channel = &facts->channels[facts->channels_count++];

        *channel = (struct cluster_ask_channel){0};
        take_channel(channel, reply->element[i]);
    }
}

static void take_users(struct cluster_asking_facts *facts, const redisReply *reply)
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
    struct cluster_asking_facts *facts = &part->asking->facts;

    switch (part->asking->kind) {
    case CLUSTER_ASKING_LIST:
        take_list(facts, reply);
        break;
    case CLUSTER_ASKING_CHANNELS:
        for (size_t i = 0; i < reply->elements && i < part->count; i++)
            take_channel(&facts->channels[part->indices[i]], reply->element[i]);
        break;
    case CLUSTER_ASKING_USERS:
        take_users(facts, reply);
        break;
    case CLUSTER_ASKING_CONNECTIONS:
        if (reply->elements == 1)
            facts->connections_count = number_of(reply->element[0]);
        break;
    case CLUSTER_ASKING_TAKEN:
        break;
    }
}

/* One reply less to wait for. */
static void go_on(struct cluster_asking *asking)
{
    if (--asking->waits_count > 0)
        return;
    if (!asking->is_answered)
        answer(asking);
    free_asking(asking);
}

static void on_reply(const redisReply *reply, void *data, void *user)
{
    struct part *part = data;
    struct cluster_asking *asking = part->asking;

    (void)user;
    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY)
        asking->facts.is_known = false;
    else if (!asking->is_answered)
        take(part, reply);
    free(part);
    go_on(asking);
}

static void on_taken(bool is_taken, void *data)
{
    struct cluster_asking *asking = data;

    if (!is_taken)
        asking->facts.is_known = false;
    go_on(asking);
}

/* --- asking the links ----------------------------------------------------------------------- */

static struct part *part_new(struct cluster_asking *asking)
{
    struct part *part = mem_new(sizeof *part + asking->facts.channels_count * sizeof(size_t));

    part->asking = asking;
    return part;
}

static void send_part(struct part *part, struct cluster_link *link, struct cluster_request *request)
{
    struct cluster_asking *asking = part->asking;

    asking->waits_count++;
    if (!cluster_link_ask(link, request, on_reply, part)) {
        asking->waits_count--;
        asking->facts.is_known = false;
        free(part);
    }
    cluster_request_deinit(request);
}

static struct cluster_key key_of(const struct cluster_asking *asking, struct bytes name)
{
    return (struct cluster_key){CLUSTER_KEY_CHANNEL, bytes_of(asking->app_id), name};
}

static void ask_list(struct cluster_asking *asking, struct cluster_link *link)
{
    struct cluster_request request = {0};

    cluster_request_add_text(&request, "list");
    cluster_request_add_text(&request, asking->app_id);
    cluster_request_add(&request, (struct bytes){asking->prefix, asking->prefix_len});
    cluster_request_add_text(&request, asking->has_users ? "1" : "0");
    cluster_request_add_text(&request, asking->has_kept ? "1" : "0");
    send_part(part_new(asking), link, &request);
}

/* Those of its channels that this link has. */
static void ask_channels(struct cluster_asking *asking, struct cluster_link *links, size_t index,
                         size_t links_count, const char *question)
{
    struct cluster_request request = {0};
    struct part *part = part_new(asking);
    struct buffer text = {0};

    cluster_request_add_text(&request, question);
    for (size_t i = 0; i < asking->facts.channels_count; i++) {
        const struct cluster_key key = key_of(asking, asking->facts.channels[i].name);

        if (cluster_key_partition(key, links_count) != index)
            continue;
        buffer_clear(&text);
        cluster_key_write(&text, key);
        cluster_request_add(&request, buffer_bytes(&text));
        part->indices[part->count++] = i;
    }
    buffer_deinit(&text);
    if (part->count > 0) {
        send_part(part, &links[index], &request);
    } else {
        free(part);
        cluster_request_deinit(&request);
    }
}

static void ask_connections(struct cluster_asking *asking, struct cluster_link *links,
                            size_t links_count)
{
    struct cluster_request request = {0};

    cluster_request_add_text(&request, "connections");
    cluster_request_add_text(&request, asking->app_id);
    send_part(part_new(asking),
              &links[cluster_key_partition(key_of(asking, BYTES("")), links_count)], &request);
}

void cluster_asking_begin(struct cluster_asking *asking, struct cluster_link *links,
                          size_t links_count, struct list *askings, uint64_t now_ms)
{
    asking->begun_ms = now_ms;
    asking->facts.is_known = true;
    list_append(askings, &asking->link);
    asking->waits_count = 1; /* not done before all are asked */
    if (asking->kind == CLUSTER_ASKING_CONNECTIONS)
        ask_connections(asking, links, links_count);
    for (size_t i = 0; i < links_count; i++) {
        if (asking->kind == CLUSTER_ASKING_LIST)
            ask_list(asking, &links[i]);
        else if (asking->kind == CLUSTER_ASKING_CHANNELS)
            ask_channels(asking, links, i, links_count, "channels");
        else if (asking->kind == CLUSTER_ASKING_USERS)
            ask_channels(asking, links, i, links_count, "users");
        else if (asking->kind == CLUSTER_ASKING_TAKEN &&
                 cluster_link_wait(&links[i], on_taken, asking))
            asking->waits_count++;
    }
    if (!asking->facts.is_known)
        answer(asking);
    go_on(asking);
}
