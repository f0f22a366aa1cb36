#include "server/backlogs.h"

#include "base/mem.h"
#include "pusher/socket_id.h"
#include "server/why.h"

#include <stdlib.h>

#define COUNT_MAX SERVER_BACKLOGS_COUNT_MAX
/* Of the table of connections, in one piece: some microseconds. */
#define PLACES_AT_ONCE 64

/* A connection that was seen with a backlog. */
struct seen {
    uint64_t socket_id;
    size_t bytes;
};

struct entry {
    size_t bytes;
    struct buffer json;
};

struct walk {
    struct net_mailbox *mailbox;
    server_backlogs_fn on_done;
    void *user;
    size_t waits_count; /* parts that have not come back */
    struct entry *entries;
    size_t entries_count;
    size_t entries_cap;
};

/* Posted to a worker, and from there back. */
struct part {
    struct net_mail mail;
    struct net_slices_job job;
    struct walk *walk;
    struct pusher_worker *worker;
    size_t bucket;        /* the next one to look at */
    size_t buckets_count; /* of the worker's table when the walk over it began */
    struct seen seen[COUNT_MAX];
    size_t seen_count;
    struct entry entries[COUNT_MAX];
    size_t entries_count;
};

static void on_part_back(struct net_mail *mail, void *owner);

static void post_back(struct part *part)
{
    struct net_mailbox *mailbox = part->walk->mailbox;

    part->mail.deliver = on_part_back;
    NET_MAILBOX_POST(mailbox, part);
}

/* --- on the worker -------------------------------------------------------------------------- */

/* Keeps the largest ones. What is queued in this turn alone does not wait for the client. */
static void look_at(struct part *part, const struct pusher_session *session)
{
    const size_t bytes = net_conn_backlog_bytes(session->ws.net);
    struct seen *least = &part->seen[0];

    if (net_conn_progress_ms(session->ws.net) == 0 || session->state != PUSHER_SESSION_ESTABLISHED)
        return;
    if (part->seen_count < COUNT_MAX) {
        part->seen[part->seen_count++] = (struct seen){session->socket_id, bytes};
        return;
    }
    for (size_t i = 1; i < COUNT_MAX; i++)
        if (part->seen[i].bytes < least->bytes)
            least = &part->seen[i];
    if (bytes > least->bytes)
        *least = (struct seen){session->socket_id, bytes};
}

static void describe(struct part *part, const struct pusher_session *session)
{
    struct entry *entry = &part->entries[part->entries_count++];
    char socket_id[PUSHER_SOCKET_ID_LEN_MAX];
    const size_t len = pusher_socket_id_write(session->socket_id, socket_id);

    entry->bytes = net_conn_backlog_bytes(session->ws.net);
    buffer_printf(&entry->json, "{\"socket_id\":\"%.*s\",", (int)len, socket_id);
    server_why_append_facts(&entry->json, session);
    buffer_append_char(&entry->json, '}');
}

/* Those that have gone since they were seen are left out. */
static void finish(struct part *part)
{
    for (size_t i = 0; i < part->seen_count; i++) {
        const struct pusher_session *session =
            pusher_session_find(part->worker, part->seen[i].socket_id);

        if (session != NULL && session->state == PUSHER_SESSION_ESTABLISHED)
            describe(part, session);
    }
    post_back(part);
}

/* If the table has grown or shrunk meanwhile, its places have changed: it begins anew. */
static bool walk_on(struct net_slices_job *job)
{
    struct part *part = LIST_OWNER(job, struct part, job);
    const struct map *table = &part->worker->by_socket_id;

    if (table->buckets_count != part->buckets_count) {
        part->buckets_count = table->buckets_count;
        part->bucket = 0;
        part->seen_count = 0;
    }
    for (size_t i = 0; i < PLACES_AT_ONCE && part->bucket < part->buckets_count; i++)
        for (const struct map_entry *at = table->buckets[part->bucket++]; at != NULL; at = at->next)
            look_at(part, LIST_OWNER(at, struct pusher_session, by_socket_id));
    if (part->bucket < part->buckets_count)
        return false;
    finish(part);
    return true;
}

static void give_up(struct net_slices_job *job)
{
    post_back(LIST_OWNER(job, struct part, job));
}

static void on_part(struct net_mail *mail, void *owner)
{
    struct part *part = (struct part *)mail;

    (void)owner;
    part->job.run = walk_on;
    part->job.free = give_up;
    net_slices_add(&part->worker->slices, &part->job);
}

/* --- on the main thread --------------------------------------------------------------------- */

static int largest_first(const void *a, const void *b)
{
    const size_t left = ((const struct entry *)a)->bytes;
    const size_t right = ((const struct entry *)b)->bytes;

    return (left < right) - (left > right);
}

static void answer(struct walk *walk)
{
    struct buffer json = {0};

    if (walk->entries_count > 0)
        qsort(walk->entries, walk->entries_count, sizeof *walk->entries, largest_first);
    buffer_append_char(&json, '[');
    for (size_t i = 0; i < walk->entries_count; i++) {
        if (i < COUNT_MAX) {
            buffer_append_text(&json, i > 0 ? "," : "");
            buffer_append_bytes(&json, buffer_bytes(&walk->entries[i].json));
        }
        buffer_deinit(&walk->entries[i].json);
    }
    buffer_append_char(&json, ']');
    walk->on_done(buffer_bytes(&json), walk->user);
    buffer_deinit(&json);
    free(walk->entries);
    free(walk);
}

static void on_part_back(struct net_mail *mail, void *owner)
{
    struct part *part = (struct part *)mail;
    struct walk *walk = part->walk;

    (void)owner;
    for (size_t i = 0; i < part->entries_count; i++) {
        walk->entries =
            mem_room(walk->entries, walk->entries_count, &walk->entries_cap, sizeof *walk->entries);
        walk->entries[walk->entries_count++] = part->entries[i];
    }
    free(part);
    if (--walk->waits_count == 0)
        answer(walk);
}

void server_backlogs_walk(struct pusher_worker *workers, size_t workers_count,
                          struct net_mailbox *mailbox, server_backlogs_fn on_done, void *user)
{
    struct walk *walk = mem_new(sizeof *walk);

    walk->mailbox = mailbox;
    walk->on_done = on_done;
    walk->user = user;
    walk->waits_count = workers_count;
    for (size_t i = 0; i < workers_count; i++) {
        struct part *part = mem_new(sizeof *part);

        part->mail.deliver = on_part;
        part->walk = walk;
        part->worker = &workers[i];
        NET_MAILBOX_POST(&workers[i].loop->mailbox, part);
    }
}
