#include "cluster/batch.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdio.h>

#define LONG_BYTES 262144
#define LONG_WEIGHT CLUSTER_BATCH_WORK_LONG
#define BYTES_A_WEIGHT 4096
/* WIDE_MIN of scripts/apply. */
#define NOTIFIED_MAX 8

/* `events` and `others` of scripts/apply: the letter, how many arguments follow, and the
 * estimated cost there. `make lint` compares them. */
enum operation {
    HELLO,
    SUBSCRIPTIONS,
    JOIN,
    LEAVE,
    EVENT,
    CACHED_EVENT,
    AWAIT,
    NOTIFY_COUNT,
    SHOW,
    TERMINATE,
    ECHO_OWN,
    FORGET_CACHED,
    CONNECTIONS,
    ADMIT,
    LOOKUP_ONLINE,
    BYTES_READ,
    HEARTBEAT,
    VERIFY,
    VERIFY_CONNECTIONS,
    RENEW,
    GIVE_UP,
    REAP,
    REMOVE_PREVIOUS,
    ALL_IS_SAID,
    PROBE_MEMORY,
    LEAVE_CLUSTER,
    WANT_CHANGES,
    CHANGES,
    COMPARE,
};

static const struct {
    const char *letter;
    size_t arguments_count;
    size_t weight;
    bool changes_state; /* changes what Redis knows of the nodes */
} operations[] = {
    [HELLO] = {"H", 2, 20, true},
    [SUBSCRIPTIONS] = {"S", 4, 8, true},
    [JOIN] = {"J", 3, 8, true},
    [LEAVE] = {"L", 3, 8, true},
    [EVENT] = {"E", 3, 4, false},
    [CACHED_EVENT] = {"K", 6, 6, false},
    [AWAIT] = {"D", 3, 3, false},
    [NOTIFY_COUNT] = {"c", 1, 3, false},
    [SHOW] = {"Y", 4, 300, false},
    [TERMINATE] = {"T", 3, 10, false},
    [ECHO_OWN] = {"e", 1, 2, false},
    [FORGET_CACHED] = {"O", 2, 4, false},
    [CONNECTIONS] = {"X", 2, 4, true},
    [ADMIT] = {"M", 3, 10, false},
    [LOOKUP_ONLINE] = {"Q", 2, 4, false},
    [BYTES_READ] = {"A", 1, 1, false},
    [HEARTBEAT] = {"B", 3, 30, true},
    [VERIFY] = {"V", 3, 5, false},
    [VERIFY_CONNECTIONS] = {"v", 2, 2, false},
    [RENEW] = {"N", 0, 100, true},
    [GIVE_UP] = {"U", 2, 10, true},
    [REAP] = {"R", 0, 1000, true},
    [REMOVE_PREVIOUS] = {"F", 0, 1000, true},
    [ALL_IS_SAID] = {"Z", 0, 1, true},
    [PROBE_MEMORY] = {"W", 0, 1, false},
    [LEAVE_CLUSTER] = {"G", 0, 1000, true},
    [WANT_CHANGES] = {"C", 1, 20, false},
    [CHANGES] = {"I", 4, 50, false},
    [COMPARE] = {"P", 4, 8, false},
};

void cluster_batch_deinit(struct cluster_batch *batch)
{
    cluster_resp_deinit(&batch->command);
    buffer_deinit(&batch->packed);
}

void cluster_batch_clear(struct cluster_batch *batch)
{
    buffer_clear(&batch->command.arguments);
    batch->command.count = 0;
    cluster_batch_sent(batch);
}

void cluster_batch_sent(struct cluster_batch *batch)
{
    batch->first = 0;
    batch->last = 0;
    batch->weight = 0;
    batch->missing = 0;
    batch->changes_state = false;
    batch->has_others = false;
    batch->has_undelivered = false;
}

bool cluster_batch_is_empty(const struct cluster_batch *batch)
{
    return batch->command.count == 0;
}

bool cluster_batch_is_long(const struct cluster_batch *batch)
{
    return batch->command.arguments.len > LONG_BYTES || batch->weight > LONG_WEIGHT;
}

size_t cluster_batch_work(const struct cluster_batch *batch)
{
    return batch->weight + batch->command.arguments.len * LONG_WEIGHT / LONG_BYTES;
}

/* --- pieces --------------------------------------------------------------------------------- */

static void add(struct cluster_batch *batch, struct bytes argument)
{
    CHECK(batch->missing > 0);
    batch->missing--;
    cluster_resp_add(&batch->command, argument);
}

static void add_text(struct cluster_batch *batch, const char *text)
{
    add(batch, bytes_of(text));
}

/* Socket ids use all 64 bits. */
static void add_number(struct cluster_batch *batch, uint64_t number)
{
    char text[24];
    const int len = snprintf(text, sizeof text, "%" PRIu64, number);

    add(batch, (struct bytes){text, (size_t)len});
}

static void add_signed(struct cluster_batch *batch, int64_t number)
{
    char text[24];
    const int len = snprintf(text, sizeof text, "%" PRId64, number);

    add(batch, (struct bytes){text, (size_t)len});
}

static void add_flags(struct cluster_batch *batch, unsigned flags)
{
    char text[4];

    snprintf(text, sizeof text, "%s%s%s", flags & CLUSTER_KEY_IS_PRESENCE ? "p" : "",
             flags & CLUSTER_KEY_IS_CACHE ? "k" : "",
             flags & CLUSTER_KEY_NOTIFIES_COUNT ? "t" : "");
    add_text(batch, text);
}

static bool is_event(enum operation operation)
{
    return operation == EVENT || operation == CACHED_EVENT || operation == TERMINATE;
}

static void begin(struct cluster_batch *batch, enum operation operation)
{
    CHECK(batch->missing == 0);
    if (batch->command.count == 0) {
        cluster_resp_add_text(&batch->command, "EVALSHA");
        cluster_resp_add_text(&batch->command, batch->sha);
        cluster_resp_add_text(&batch->command, "1");
        cluster_resp_add_text(&batch->command, batch->prefix);
        cluster_resp_add_text(&batch->command, batch->node);
        cluster_resp_add_number(&batch->command, (int64_t)batch->inbox_bytes_max);
        cluster_resp_add_text(&batch->command, batch->epoch);
    }
    cluster_resp_add_text(&batch->command, operations[operation].letter);
    batch->missing = operations[operation].arguments_count;
    batch->weight += operations[operation].weight;
    batch->changes_state |= operations[operation].changes_state;
    batch->has_others |= !is_event(operation);
}

/* How many nodes an item goes to at most, one by one; to more it goes at once. */
static size_t notified_count(const struct cluster_batch *batch)
{
    return batch->nodes_count < NOTIFIED_MAX ? batch->nodes_count : NOTIFIED_MAX;
}

/* --- what happens on a node ----------------------------------------------------------------- */

void cluster_batch_subscriptions(struct cluster_batch *batch, struct bytes key, uint32_t count,
                                 unsigned flags, uint64_t chain)
{
    begin(batch, SUBSCRIPTIONS);
    add(batch, key);
    add_number(batch, count);
    add_flags(batch, flags);
    add_number(batch, chain);
    if (flags & CLUSTER_KEY_IS_PRESENCE)
        batch->weight += operations[SHOW].weight;
}

void cluster_batch_show(struct cluster_batch *batch, struct bytes key, unsigned flags,
                        uint64_t chain, struct bytes cursor)
{
    begin(batch, SHOW);
    add(batch, key);
    add_flags(batch, flags);
    add_number(batch, chain);
    add(batch, cursor);
}

void cluster_batch_join(struct cluster_batch *batch, struct bytes key, struct bytes user_id,
                        struct bytes user_info)
{
    begin(batch, JOIN);
    batch->weight += notified_count(batch);
    add(batch, key);
    add(batch, user_id);
    add(batch, user_info);
}

void cluster_batch_leave(struct cluster_batch *batch, struct bytes key, struct bytes user_id,
                         bool is_unlisted)
{
    begin(batch, LEAVE);
    batch->weight += notified_count(batch);
    add(batch, key);
    add(batch, user_id);
    add_text(batch, is_unlisted ? "1" : "0");
}

static void add_termination(struct cluster_batch *batch, const struct cluster_outbox_event *event)
{
    struct cluster_key user;

    CHECK(cluster_key_read(cluster_outbox_key(event), &user));
    begin(batch, TERMINATE);
    add(batch, user.app_id);
    add(batch, user.name);
    add_number(batch, event->number);
}

#define PACKED_LEN_BYTES 4

static void write_len(char *out, size_t len)
{
    for (size_t i = 0; i < PACKED_LEN_BYTES; i++)
        out[i] = (char)(unsigned char)(len >> 8 * i);
}

/* A text after its length, as pack() in scripts/apply does it. */
static void pack(struct buffer *out, struct bytes text)
{
    char len[PACKED_LEN_BYTES];

    write_len(len, text.len);
    buffer_append(out, len, sizeof len);
    buffer_append_bytes(out, text);
}

static void pack_number(struct buffer *out, uint64_t number)
{
    char text[24];
    const int len = snprintf(text, sizeof text, "%" PRIu64, number);

    pack(out, (struct bytes){text, (size_t)len});
}

static struct bytes process_of(const char *node)
{
    struct bytes rest = bytes_of(node);
    struct bytes process = BYTES_NONE;

    bytes_next(&rest, '.', &process);
    return process;
}

/* Whether this node wants it too, and the item as inboxes have it: letter, length, what is packed.
 */
static void add_event(struct cluster_batch *batch, const struct cluster_outbox_event *event)
{
    struct buffer *packed = &batch->packed;

    add(batch, cluster_outbox_key(event));
    add_text(batch, event->is_delivered ? "0" : "1");
    buffer_clear(packed);
    buffer_append(packed, "E\0\0\0", 1 + PACKED_LEN_BYTES);
    pack(packed, cluster_outbox_key(event));
    pack_number(packed, event->except);
    pack_number(packed, event->number);
    pack(packed, process_of(batch->node));
    pack(packed, net_chunk_bytes(event->frame));
    write_len(packed->data + 1, packed->len - 1 - PACKED_LEN_BYTES);
    add(batch, buffer_bytes(packed));
}

static void add_cached_event(struct cluster_batch *batch, const struct cluster_outbox_event *event)
{
    add(batch, cluster_outbox_key(event));
    add_number(batch, event->except);
    add_number(batch, event->number);
    add_number(batch, event->ttl_ms);
    add_text(batch, event->is_delivered ? "0" : "1");
    add(batch, net_chunk_bytes(event->frame));
}

void cluster_batch_event(struct cluster_batch *batch, struct cluster_outbox_event *event)
{
    if (event->frame == NULL) {
        add_termination(batch, event);
    } else {
        begin(batch, event->ttl_ms > 0 ? CACHED_EVENT : EVENT);
        batch->weight += notified_count(batch) * (1 + event->frame->len / BYTES_A_WEIGHT);
        if (event->ttl_ms > 0)
            add_cached_event(batch, event);
        else
            add_event(batch, event);
    }
    event->is_sent = true;
    event->attempts++;
    batch->has_undelivered |= !event->is_delivered;
    batch->first = batch->first == 0 ? event->number : batch->first;
    batch->last = event->number;
}

bool cluster_batch_has_echo(const struct cluster_batch *batch)
{
    return batch->has_undelivered && !batch->has_others;
}

void cluster_batch_echo(struct cluster_batch *batch, const char *last_id)
{
    begin(batch, ECHO_OWN);
    add_text(batch, last_id);
}

/* Only this node reads it: it comes back with the answer. */
static void add_waiter(struct cluster_batch *batch, struct cluster_waiter waiter)
{
    struct buffer text = {0};

    buffer_append_number(&text, waiter.socket_id);
    buffer_append_char(&text, ':');
    buffer_append_number(&text, waiter.token);
    add(batch, buffer_bytes(&text));
    buffer_deinit(&text);
}

void cluster_batch_await(struct cluster_batch *batch, struct bytes key,
                         struct cluster_waiter waiter, bool notifies_count)
{
    begin(batch, AWAIT);
    add(batch, key);
    add_waiter(batch, waiter);
    add_text(batch, notifies_count ? "t" : "");
}

void cluster_batch_notify_count(struct cluster_batch *batch, struct bytes key)
{
    begin(batch, NOTIFY_COUNT);
    add(batch, key);
}

void cluster_batch_forget_cached(struct cluster_batch *batch, struct bytes app_id, uint64_t ttl_ms)
{
    begin(batch, FORGET_CACHED);
    add(batch, app_id);
    add_number(batch, ttl_ms);
}

void cluster_batch_connections(struct cluster_batch *batch, struct bytes app_id, int64_t change)
{
    begin(batch, CONNECTIONS);
    add(batch, app_id);
    add_signed(batch, change);
}

void cluster_batch_admit(struct cluster_batch *batch, struct bytes app_id, uint32_t max,
                         struct cluster_waiter waiter)
{
    begin(batch, ADMIT);
    add(batch, app_id);
    add_number(batch, max);
    add_waiter(batch, waiter);
}

void cluster_batch_lookup_online(struct cluster_batch *batch, struct bytes user_key,
                                 struct cluster_waiter waiter)
{
    begin(batch, LOOKUP_ONLINE);
    add(batch, user_key);
    add_waiter(batch, waiter);
}

/* --- nodes ---------------------------------------------------------------------------------- */

void cluster_batch_hello(struct cluster_batch *batch, const char *epoch, uint64_t known_number)
{
    begin(batch, HELLO);
    add_text(batch, epoch);
    add_number(batch, known_number);
}

void cluster_batch_heartbeat(struct cluster_batch *batch, size_t keys_count, uint64_t read_number,
                             const char *letters)
{
    begin(batch, HEARTBEAT);
    add_number(batch, keys_count);
    add_number(batch, read_number);
    add_text(batch, letters);
}

void cluster_batch_bytes_read(struct cluster_batch *batch, uint64_t bytes)
{
    begin(batch, BYTES_READ);
    add_number(batch, bytes);
}

void cluster_batch_verify(struct cluster_batch *batch, struct bytes key, uint32_t count,
                          struct bytes user_id)
{
    begin(batch, VERIFY);
    add(batch, key);
    add_number(batch, count);
    add(batch, user_id);
}

void cluster_batch_verify_connections(struct cluster_batch *batch, struct bytes app_id,
                                      int64_t count)
{
    begin(batch, VERIFY_CONNECTIONS);
    add(batch, app_id);
    add_signed(batch, count);
}

void cluster_batch_renew(struct cluster_batch *batch)
{
    begin(batch, RENEW);
}

void cluster_batch_give_up(struct cluster_batch *batch, const char *node, const char *heartbeats)
{
    begin(batch, GIVE_UP);
    add_text(batch, node);
    add_text(batch, heartbeats);
}

void cluster_batch_reap(struct cluster_batch *batch)
{
    begin(batch, REAP);
}

void cluster_batch_probe_memory(struct cluster_batch *batch)
{
    begin(batch, PROBE_MEMORY);
}

void cluster_batch_remove_previous(struct cluster_batch *batch)
{
    begin(batch, REMOVE_PREVIOUS);
}

void cluster_batch_all_is_said(struct cluster_batch *batch)
{
    begin(batch, ALL_IS_SAID);
}

void cluster_batch_leave_cluster(struct cluster_batch *batch)
{
    begin(batch, LEAVE_CLUSTER);
}

void cluster_batch_want_changes(struct cluster_batch *batch, struct bytes wanted)
{
    begin(batch, WANT_CHANGES);
    add(batch, wanted);
}

void cluster_batch_changes(struct cluster_batch *batch, struct bytes last, struct bytes done,
                           struct bytes wanted, uint64_t number)
{
    begin(batch, CHANGES);
    add(batch, last);
    add(batch, done);
    add(batch, wanted);
    add_number(batch, number);
}

void cluster_batch_compare(struct cluster_batch *batch, char letter, struct bytes key,
                           struct bytes member, bool is_unsure)
{
    begin(batch, COMPARE);
    add(batch, (struct bytes){&letter, 1});
    add(batch, key);
    add(batch, member);
    add_text(batch, is_unsure ? "?" : "");
}
