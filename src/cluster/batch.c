#include "cluster/batch.h"

#include <inttypes.h>
#include <stdio.h>

#define LONG_BYTES 262144

void cluster_batch_deinit(struct cluster_batch *batch)
{
    cluster_resp_deinit(&batch->command);
}

void cluster_batch_clear(struct cluster_batch *batch)
{
    buffer_clear(&batch->command.arguments);
    batch->command.count = 0;
    batch->number = 0;
}

bool cluster_batch_is_empty(const struct cluster_batch *batch)
{
    return batch->command.count == 0;
}

bool cluster_batch_is_long(const struct cluster_batch *batch)
{
    return batch->command.arguments.len > LONG_BYTES;
}

/* --- pieces --------------------------------------------------------------------------------- */

static void add(struct cluster_batch *batch, struct bytes argument)
{
    cluster_resp_add(&batch->command, argument);
}

static void add_text(struct cluster_batch *batch, const char *text)
{
    cluster_resp_add_text(&batch->command, text);
}

/* Socket ids use all 64 bits. */
static void add_number(struct cluster_batch *batch, uint64_t number)
{
    char text[24];
    const int len = snprintf(text, sizeof text, "%" PRIu64, number);

    cluster_resp_add(&batch->command, (struct bytes){text, (size_t)len});
}

static void add_flags(struct cluster_batch *batch, unsigned flags)
{
    char text[4];

    snprintf(text, sizeof text, "%s%s%s", flags & CLUSTER_IS_PRESENCE ? "p" : "",
             flags & CLUSTER_IS_CACHE ? "k" : "", flags & CLUSTER_NOTIFIES_COUNT ? "t" : "");
    add_text(batch, text);
}

static void begin(struct cluster_batch *batch, const char *letter)
{
    if (batch->command.count == 0) {
        add_text(batch, "EVALSHA");
        add_text(batch, batch->sha);
        add_text(batch, "1");
        add_text(batch, batch->prefix);
        add_text(batch, batch->node);
    }
    add_text(batch, letter);
}

/* --- what happens on a node ----------------------------------------------------------------- */

void cluster_batch_subscriptions(struct cluster_batch *batch, struct bytes key, uint32_t count,
                                 unsigned flags)
{
    begin(batch, "S");
    add(batch, key);
    add_number(batch, count);
    add_flags(batch, flags);
}

void cluster_batch_show(struct cluster_batch *batch, struct bytes key, unsigned flags)
{
    begin(batch, "Y");
    add(batch, key);
    add_flags(batch, flags);
}

void cluster_batch_join(struct cluster_batch *batch, struct bytes key, struct bytes user_id,
                        struct bytes user_info)
{
    begin(batch, "J");
    add(batch, key);
    add(batch, user_id);
    add(batch, user_info);
}

void cluster_batch_leave(struct cluster_batch *batch, struct bytes key, struct bytes user_id)
{
    begin(batch, "L");
    add(batch, key);
    add(batch, user_id);
}

void cluster_batch_event(struct cluster_batch *batch, const struct cluster_outbox_event *event)
{
    begin(batch, event->ttl_ms > 0 ? "K" : "E");
    add(batch, cluster_outbox_key(event));
    add_number(batch, event->except);
    add_number(batch, event->number);
    if (event->ttl_ms > 0)
        add_number(batch, event->ttl_ms);
    add_text(batch, event->is_delivered ? "0" : "1");
    add(batch, net_chunk_bytes(event->frame));
    batch->number = event->number;
}

/* Nobody else reads it: it comes back with the answer. */
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
    begin(batch, "D");
    add(batch, key);
    add_waiter(batch, waiter);
    add_text(batch, notifies_count ? "t" : "");
}

void cluster_batch_terminate(struct cluster_batch *batch, struct bytes app_id, struct bytes user_id)
{
    begin(batch, "T");
    add(batch, app_id);
    add(batch, user_id);
}

void cluster_batch_connections(struct cluster_batch *batch, struct bytes app_id, int64_t change)
{
    begin(batch, "X");
    add(batch, app_id);
    cluster_resp_add_number(&batch->command, change);
}

void cluster_batch_admit(struct cluster_batch *batch, struct bytes app_id, uint32_t max,
                         struct cluster_waiter waiter)
{
    begin(batch, "M");
    add(batch, app_id);
    add_number(batch, max);
    add_waiter(batch, waiter);
}

void cluster_batch_lookup_online(struct cluster_batch *batch, struct bytes user_key,
                                 struct cluster_waiter waiter)
{
    begin(batch, "Q");
    add(batch, user_key);
    add_waiter(batch, waiter);
}

/* --- nodes ---------------------------------------------------------------------------------- */

void cluster_batch_hello(struct cluster_batch *batch, const char *epoch)
{
    begin(batch, "H");
    add_text(batch, epoch);
}

void cluster_batch_heartbeat(struct cluster_batch *batch, bool may_reap)
{
    begin(batch, "B");
    add_text(batch, may_reap ? "1" : "0");
}

void cluster_batch_remove_previous(struct cluster_batch *batch)
{
    begin(batch, "F");
}

void cluster_batch_all_is_said(struct cluster_batch *batch)
{
    begin(batch, "Z");
}

void cluster_batch_leave_cluster(struct cluster_batch *batch)
{
    begin(batch, "G");
}
