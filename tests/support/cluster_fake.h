/* A fake cluster: takes queries, and answers them when the test says so. */
#pragma once

#include "api/cluster_queries.h"
#include "support/unit.h"

#define CLUSTER_FAKE_ASKS_MAX 8

struct cluster {
    bool is_connected;
    bool is_stalled;
    struct buffer asked; /* a line for each query */
    struct cluster_query_caller waiting[CLUSTER_FAKE_ASKS_MAX];
    size_t waiting_count;
};

struct cluster_fake_mail {
    struct net_mail mail;
    struct cluster_query_caller caller;
    const struct cluster_query_answer *answer;
};

static inline void cluster_fake_note(struct cluster *cluster,
                                     const struct cluster_query_caller *caller, const char *what,
                                     struct bytes app_id, struct bytes argument)
{
    assert_true(cluster->waiting_count < CLUSTER_FAKE_ASKS_MAX);
    cluster->waiting[cluster->waiting_count++] = *caller;
    buffer_printf(&cluster->asked, "%s ", what);
    buffer_append_bytes(&cluster->asked, app_id);
    buffer_append_char(&cluster->asked, ' ');
    buffer_append_bytes(&cluster->asked, argument);
}

static inline void cluster_fake_list(struct cluster *cluster,
                                     const struct cluster_query_caller *caller, struct bytes app_id,
                                     struct bytes prefix, bool has_users, bool has_cached)
{
    cluster_fake_note(cluster, caller, "list", app_id, prefix);
    buffer_append_text(&cluster->asked, has_users ? " users" : "");
    buffer_append_text(&cluster->asked, has_cached ? " kept\n" : "\n");
}

static inline void cluster_fake_channels(struct cluster *cluster,
                                         const struct cluster_query_caller *caller,
                                         struct bytes app_id, const struct bytes *names,
                                         size_t names_count)
{
    cluster_fake_note(cluster, caller, "channels", app_id, names[0]);
    for (size_t i = 1; i < names_count; i++) {
        buffer_append_char(&cluster->asked, ' ');
        buffer_append_bytes(&cluster->asked, names[i]);
    }
    buffer_append_char(&cluster->asked, '\n');
}

static inline void cluster_fake_users(struct cluster *cluster,
                                      const struct cluster_query_caller *caller,
                                      struct bytes app_id, struct bytes channel)
{
    cluster_fake_note(cluster, caller, "users", app_id, channel);
    buffer_append_char(&cluster->asked, '\n');
}

static inline void cluster_fake_connections(struct cluster *cluster,
                                            const struct cluster_query_caller *caller,
                                            struct bytes app_id)
{
    cluster_fake_note(cluster, caller, "connections", app_id, BYTES(""));
    buffer_append_char(&cluster->asked, '\n');
}

static inline void cluster_fake_acked(struct cluster *cluster,
                                      const struct cluster_query_caller *caller)
{
    cluster_fake_note(cluster, caller, "taken", BYTES(""), BYTES(""));
    buffer_append_char(&cluster->asked, '\n');
}

static inline bool cluster_fake_is_connected(const struct cluster *cluster)
{
    return cluster->is_connected;
}

static inline bool cluster_fake_is_stalled(const struct cluster *cluster)
{
    return cluster->is_stalled;
}

static const struct api_cluster_queries cluster_fake_queries = {
    .list = cluster_fake_list,
    .channels = cluster_fake_channels,
    .users = cluster_fake_users,
    .acked = cluster_fake_acked,
    .connections = cluster_fake_connections,
    .is_connected = cluster_fake_is_connected,
    .is_stalled = cluster_fake_is_stalled,
};

static inline void cluster_fake_deliver(struct net_mail *mail, void *owner)
{
    struct cluster_fake_mail *fake = (struct cluster_fake_mail *)mail;

    (void)owner;
    fake->caller.on_answer(fake->answer, fake->caller.user);
    free(fake);
}

/* Gives the caller of the oldest query a page of its answer. */
static inline void cluster_fake_page(struct cluster *cluster,
                                     const struct cluster_query_answer *page)
{
    assert_true(cluster->waiting_count > 0);
    assert_non_null(cluster->waiting[0].on_page);
    cluster->waiting[0].on_page(page, cluster->waiting[0].user);
}

/* Answers the oldest query by mail: `answer` must stay until the next turn. */
static inline void cluster_fake_answer(struct cluster *cluster,
                                       const struct cluster_query_answer *answer)
{
    struct cluster_fake_mail *fake = mem_new(sizeof *fake);

    assert_true(cluster->waiting_count > 0);
    fake->mail.deliver = cluster_fake_deliver;
    fake->caller = cluster->waiting[0];
    fake->answer = answer;
    cluster->waiting_count--;
    memmove(cluster->waiting, cluster->waiting + 1,
            cluster->waiting_count * sizeof cluster->waiting[0]);
    net_mailbox_post(fake->caller.mailbox, &fake->mail);
}
