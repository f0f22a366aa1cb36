#include "cluster/link.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "cluster/delivery.h"
#include "cluster/resend.h"
#include "cluster/scripts.h"

#include <stdio.h>
#include <string.h>

/* How long to wait for the peers after Redis has lost everything: longer than they wait between
 * attempts. */
#define PEERS_WAIT_MS 8000
/* The least wait: there may be a peer that this node does not know of. */
#define SETTLE_MIN_MS 3000
/* After so many bytes read from the inbox, Redis is notified. */
#define BYTES_READ_MAX 1048576

static uint64_t now_of(const struct cluster_link *link)
{
    return net_loop_now_ms(link->shared->loop);
}

bool cluster_link_talks(const struct cluster_link *link)
{
    return link->phase >= CLUSTER_LINK_REPORTING && link->phase <= CLUSTER_LINK_UP;
}

static struct cluster_batch *batch_of(struct cluster_link *link)
{
    return cluster_sender_batch(&link->sender);
}

static void flush_batch(struct cluster_link *link, cluster_sender_applied_fn on_applied)
{
    cluster_sender_flush(&link->sender, on_applied);
}

void cluster_link_flush(struct cluster_link *link)
{
    if (!cluster_link_talks(link))
        return;
    cluster_walk_continue(&link->report.walk);
    if (!link->report.walk.is_under_way) {
        cluster_report_changes(&link->report);
        cluster_report_forgotten(&link->report);
    }
    flush_batch(link, NULL);
}

/* --- losing it ------------------------------------------------------------------------------ */

static void note_away(struct cluster_link *link, const char *reason, const char *said)
{
    struct cluster_link_shared *shared = link->shared;
    struct buffer server = {0};

    if (link->connector.address.host[0] != '\0')
        cluster_locate_describe(&link->connector.address, &server);
    cluster_away_begin(&shared->away, !link->is_away, buffer_text(&server), reason, said,
                       now_of(link), atomic_load(&shared->events_dropped));
    link->is_away = true;
    buffer_deinit(&server);
}

void cluster_link_close(struct cluster_link *link)
{
    cluster_connector_close(&link->connector);
    cluster_inbox_reader_close(&link->reader);
    cluster_inbox_drop_snapshots(&link->inbox);
    cluster_peers_restart(&link->peers);
    cluster_changes_restart(&link->changes);
    cluster_batch_clear(&link->sender.batch);
    cluster_walk_give_up(&link->report.walk);
    link->is_reaping = false;
}

/* Delivers pending events on this node alone: before their publishers are answered, and before
 * workers deliver by themselves what comes later. */
static void deliver_pending(struct cluster_link *link)
{
    cluster_delivery_all(&link->outbox, link->shared->events, link->shared->user);
    cluster_outbox_show(&link->outbox);
}

/* Reports that the link is down if it was up. */
static void go_down(struct cluster_link *link)
{
    if (!atomic_exchange(&link->is_up, false))
        return;
    atomic_fetch_add(&link->shared->links_lost, 1);
    link->shared->events->on_down(link->shared->user);
}

static void await_memory(struct cluster_link *link, const char *error)
{
    char reason[512];

    deliver_pending(link);
    cluster_outbox_forgive(&link->outbox);
    snprintf(reason, sizeof reason, "it answers: %s", error);
    note_away(link, reason, error);
    cluster_changes_restart(&link->changes); /* the refused call may have had the question */
    link->phase = CLUSTER_LINK_AWAITING_MEMORY;
    go_down(link);
}

static void lose(struct cluster_link *link, const char *reason, const char *said)
{
    if (link->phase == CLUSTER_LINK_AWAY)
        return;
    if (link->phase >= CLUSTER_LINK_ENDING) {
        link->phase = CLUSTER_LINK_ENDED;
        cluster_link_close(link);
        return;
    }
    deliver_pending(link);
    /* A referral is no failure. */
    if (!cluster_connector_is_referred(&link->connector))
        note_away(link, reason, said);
    link->phase = CLUSTER_LINK_AWAY;
    link->retry_ms = now_of(link) + cluster_connector_retry_ms(&link->connector);
    cluster_link_close(link);
    go_down(link);
}

static void on_lost(const char *reason, const char *said, void *user)
{
    lose(user, reason, said);
}

/* --- what Redis refuses --------------------------------------------------------------------- */

/* The script has applied nothing, and answers why. */
static void lose_for_answer(struct cluster_link *link, const redisReply *reply)
{
    const bool is_array = reply->type == REDIS_REPLY_ARRAY;
    const struct bytes answer =
        is_array && reply->elements > 0 ? cluster_redis_text(reply->element[0]) : BYTES("");
    char reason[512];

    cluster_reason_describe(answer,
                            is_array && reply->elements > 1 ? cluster_redis_text(reply->element[1])
                                                            : BYTES("?"),
                            reason, sizeof reason);
    lose(link, reason,
         bytes_equal(answer, BYTES("LOST"))     ? "LOST"
         : bytes_equal(answer, BYTES("LAYOUT")) ? "LAYOUT"
                                                : NULL);
}

/* Redis has no memory for events and has applied nothing of the batch. Its state stays true: the
 * node continues alone and stays in step. */
static bool is_out_of_memory(const struct cluster_link *link, struct bytes error,
                             bool changes_state)
{
    return !changes_state && link->phase >= CLUSTER_LINK_AWAITING_MEMORY &&
           link->phase <= CLUSTER_LINK_UP && bytes_starts_with(error, BYTES("OOM "));
}

/* It may refer us to another server. */
static void on_error(const redisReply *error, void *user)
{
    struct cluster_link *link = user;
    char reason[512];

    cluster_locate_refer(&link->connector.locate, &link->connector.address,
                         cluster_redis_text(error));
    snprintf(reason, sizeof reason, "it answers: %.*s", BYTES_ARGS(cluster_redis_text(error)));
    lose(link, reason, error->str);
}

static void on_refused(const redisReply *reply, bool changes_state, void *user)
{
    struct cluster_link *link = user;

    if (reply->type != REDIS_REPLY_ERROR)
        lose_for_answer(link, reply);
    else if (is_out_of_memory(link, cluster_redis_text(reply), changes_state))
        await_memory(link, reply->str);
    else
        on_error(reply, link);
}

/* --- being in step -------------------------------------------------------------------------- */

static void on_read(void *user)
{
    struct cluster_link *link = user;

    atomic_store_explicit(&link->events_received, link->inbox.received_count, memory_order_relaxed);
    cluster_outbox_show(&link->outbox);
    if (link->reader.bytes_read > BYTES_READ_MAX && cluster_link_talks(link)) {
        flush_batch(link, NULL); /* it is a call of its own: allowed even if memory is short */
        cluster_batch_bytes_read(batch_of(link), link->reader.bytes_read);
        flush_batch(link, NULL);
        link->reader.bytes_read = 0;
    }
}

/* The order of this node's own events among those of all nodes: see sender.h. */
static void on_echo(bool is_echo, uint64_t first, uint64_t last, void *user)
{
    struct cluster_link *link = user;

    if (is_echo)
        cluster_delivery_range(&link->outbox, first, last, link->shared->events,
                               link->shared->user);
    cluster_inbox_reader_echoed(&link->reader);
}

static bool is_echo_possible(char *last_id, size_t last_id_len_max, void *user)
{
    const struct cluster_link *link = user;

    return cluster_inbox_reader_is_echo_possible(&link->reader, last_id, last_id_len_max);
}

static size_t pending_echoes(void *user)
{
    const struct cluster_link *link = user;

    return link->sender.echoes_count;
}

static void note_back(struct cluster_link *link)
{
    struct cluster_link_shared *shared = link->shared;

    if (!link->was_up && ++shared->joined_count == shared->links_count)
        log_info("this node, %s, is one of a cluster over Redis", shared->process);
    link->was_up = true;
    if (link->is_away)
        cluster_away_end(&shared->away, now_of(link), atomic_load(&shared->events_dropped));
    link->is_away = false;
}

/* What is not read yet is lost. */
static void note_gap(struct cluster_link *link)
{
    atomic_fetch_add(&link->shared->gaps, 1);
    if (link->is_away) /* else the reason says it */
        cluster_away_note_gap(&link->shared->away);
}

/* Entries of a wide stream were removed, because this node has not read them for long. */
static void on_gap(void *user)
{
    struct cluster_link *link = user;

    note_gap(link);
    lose(link,
         "it has removed what this node had not read yet, so that events of others are missing",
         NULL);
}

static void on_page(struct bytes key, struct bytes cursor, void *user)
{
    struct cluster_link *link = user;

    if (cluster_link_talks(link))
        cluster_report_ask_for_page(&link->report, key, cursor);
}

static void go_up(struct cluster_link *link)
{
    note_back(link);
    link->connector.attempts = 0;
    link->phase = CLUSTER_LINK_UP;
    atomic_fetch_add(&link->shared->events_dropped, cluster_resend(&link->sender));
    atomic_store(&link->is_up, true);
    cluster_report_ask_what_is_true(&link->report);
    link->shared->events->on_up(link->shared->user);
}

static void on_probed(const redisReply *reply, void *user)
{
    struct cluster_link *link = user;

    (void)reply;
    if (link->phase == CLUSTER_LINK_AWAITING_MEMORY)
        go_up(link);
}

/* Goes up if Redis has memory for events. */
static void probe_memory(struct cluster_link *link)
{
    link->phase = CLUSTER_LINK_AWAITING_MEMORY;
    flush_batch(link, NULL);
    cluster_batch_probe_memory(&link->sender.batch);
    flush_batch(link, on_probed);
}

static bool are_peers_back(const struct cluster_link *link)
{
    const uint64_t now_ms = now_of(link);

    return now_ms >= link->peers_deadline_ms ||
           (now_ms >= link->joined_ms + SETTLE_MIN_MS && cluster_peers_are_back(&link->peers));
}

static void on_peers_asked(void *data)
{
    probe_memory(data);
}

static void end_peers_wait(struct cluster_link *link)
{
    link->inbox.is_partial = false;
    cluster_report_ask_for_state(&link->report, on_peers_asked, link);
}

void cluster_link_advance(struct cluster_link *link)
{
    if (link->report.walk.is_under_way)
        return;
    if (link->phase == CLUSTER_LINK_AWAITING_PEERS && are_peers_back(link))
        end_peers_wait(link);
    else if (link->phase == CLUSTER_LINK_AWAITING_MEMORY)
        probe_memory(link);
}

static void on_reported(bool is_acked, void *data)
{
    struct cluster_link *link = data;

    if (!is_acked)
        return;
    if (link->inbox.is_partial) {
        link->phase = CLUSTER_LINK_AWAITING_PEERS;
        link->peers_deadline_ms = now_of(link) + PEERS_WAIT_MS;
    } else {
        probe_memory(link);
    }
    link->heartbeat_ms = now_of(link); /* at once: who are the others? */
}

static void on_all_asked(void *data)
{
    struct cluster_link *link = data;

    flush_batch(link, NULL);
    if (!cluster_sender_wait(&link->sender, on_reported, link))
        on_reported(true, link);
}

static void remove_previous(struct cluster_link *link);

static void on_previous_removed(const redisReply *reply, void *user)
{
    struct cluster_link *link = user;

    if (cluster_sender_is_answer(reply, 1, "1")) {
        remove_previous(link);
        return;
    }
    cluster_batch_all_is_said(batch_of(link));
    cluster_report_ask_for_state(&link->report, on_all_asked, link);
}

static void remove_previous(struct cluster_link *link)
{
    flush_batch(link, NULL);
    cluster_batch_remove_previous(&link->sender.batch);
    flush_batch(link, on_previous_removed);
}

static void on_all_reported(void *data)
{
    remove_previous(data);
}

/* --- hello ---------------------------------------------------------------------------------- */

/* ["OK", epoch, whether the inbox existed] */
static void on_hello(const redisReply *reply, void *user)
{
    struct cluster_link *link = user;
    bool has_inbox;
    bool is_another; /* epoch than the last one */

    if (reply->elements < 3 || !cluster_redis_is_text(reply->element[1]) ||
        !cluster_redis_is_text(reply->element[2])) {
        lose(link, "its answer to a hello is not understood", NULL);
        return;
    }
    has_inbox = strcmp(reply->element[2]->str, "1") == 0;
    if (!has_inbox) {
        if (link->was_up)
            note_gap(link);
        cluster_inbox_reader_rewind(&link->reader);
        link->reader.bytes_read = 0;
    }
    /* It stays so until the peers were waited for, also if the link is lost meanwhile. */
    is_another = link->epoch[0] != '\0' && strcmp(link->epoch, reply->element[1]->str) != 0;
    link->inbox.is_partial |= is_another;
    cluster_changes_joined(&link->changes, is_another, now_of(link));
    snprintf(link->epoch, sizeof link->epoch, "%.*s", (int)reply->element[1]->len,
             reply->element[1]->str);
    link->phase = CLUSTER_LINK_REPORTING;
    link->joined_ms = now_of(link);
    link->heartbeat_ms = link->joined_ms + CLUSTER_LINK_HEARTBEAT_MS;
    cluster_inbox_reader_resume(&link->reader);
    cluster_changes_announce(&link->changes, batch_of(link));
    cluster_report_everything(&link->report, on_all_reported, link);
}

/* The inbox can be read from now on. */
static void say_hello(void *user)
{
    struct cluster_link *link = user;
    unsigned char random[(CLUSTER_LINK_EPOCH_LEN_MAX - 1) / 2];
    char epoch[CLUSTER_LINK_EPOCH_LEN_MAX];

    random_bytes(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(epoch + 2 * i, 3, "%02x", random[i]);
    snprintf(link->node, sizeof link->node, "%s.%u", link->shared->process, ++link->incarnation);
    link->inbox.incarnation = link->incarnation;
    cluster_batch_hello(&link->sender.batch, epoch,
                        cluster_inbox_reader_known_number(&link->reader));
    flush_batch(link, on_hello);
}

static void on_connected(void *user)
{
    struct cluster_link *link = user;
    const struct cluster_redis_login login = cluster_connector_login(&link->connector);

    link->sender.redis = link->connector.redis;
    link->sender.batch.sha = link->connector.apply_sha;
    cluster_inbox_reader_open(&link->reader, link->shared->loop, &link->connector.address, &login,
                              link->shared->tls);
}

bool cluster_link_wait(struct cluster_link *link, cluster_sender_acked_fn on_acked, void *data)
{
    if (link->phase != CLUSTER_LINK_UP)
        return false;
    cluster_link_flush(link);
    return cluster_sender_wait(&link->sender, on_acked, data);
}

bool cluster_link_query(struct cluster_link *link, struct cluster_resp *arguments,
                        cluster_redis_reply_fn on_answer, void *data)
{
    if (link->phase != CLUSTER_LINK_UP)
        return false;
    cluster_link_flush(link);
    cluster_connector_query(&link->connector, link->epoch, arguments, on_answer, data);
    return true;
}

/* --- time passes ---------------------------------------------------------------------------- */

void cluster_link_rejoin(struct cluster_link *link)
{
    lose(link, "this node was stalled", "stalled");
}

void cluster_link_move(struct cluster_link *link, const struct cluster_redis_address *address)
{
    struct buffer reason = {0};

    if (!cluster_link_talks(link))
        return;
    buffer_append_text(&reason, "the Sentinels name another master, ");
    cluster_locate_describe(address, &reason);
    lose(link, buffer_text(&reason), NULL);
    buffer_deinit(&reason);
}

void cluster_link_tick(struct cluster_link *link, uint64_t now_ms)
{
    cluster_outbox_show(&link->outbox);
    if (link->is_away)
        cluster_away_remind(&link->shared->away, now_ms);
    if (link->phase == CLUSTER_LINK_AWAY && now_ms >= link->retry_ms) {
        link->phase = CLUSTER_LINK_CONNECTING;
        cluster_connector_begin(&link->connector);
    } else if (cluster_connector_is_silent(&link->connector, now_ms) ||
               cluster_inbox_reader_is_silent(&link->reader, now_ms)) {
        lose(link, "it does not answer", NULL);
    }
    if (link->reader.is_paused)
        cluster_inbox_reader_resume(&link->reader);
}

/* --- life ----------------------------------------------------------------------------------- */

static void init_inbox(struct cluster_link *link)
{
    const struct cluster_link_shared *shared = link->shared;

    link->inbox.events = shared->events;
    link->inbox.user = shared->user;
    link->inbox.process = shared->process;
    link->inbox.outbox = &link->outbox;
    link->inbox.state = &link->state;
    link->inbox.on_page = on_page;
    link->inbox.page_user = link;
    cluster_inbox_init(&link->inbox);
}

static void init_reader(struct cluster_link *link)
{
    struct buffer key = {0};
    struct buffer wide_key = {0};

    buffer_printf(&key, "%s:" CLUSTER_SCRIPTS_LAYOUT ":i:%s", link->prefix, link->shared->process);
    buffer_text(&key);
    buffer_printf(&wide_key, "%s:" CLUSTER_SCRIPTS_LAYOUT ":w:", link->prefix);
    buffer_text(&wide_key);
    link->reader = (struct cluster_inbox_reader){
        .inbox = &link->inbox,
        .key = key.data,
        .wide_key = wide_key.data,
        .is_congested = link->shared->events->is_congested,
        .congested_user = link->shared->user,
        .on_ready = say_hello,
        .on_refused = on_error,
        .on_lost = on_lost,
        .on_gap = on_gap,
        .on_read = on_read,
        .pending_echoes = pending_echoes,
        .user = link,
    };
    cluster_inbox_reader_init(&link->reader);
}

void cluster_link_init(struct cluster_link *link, struct cluster_link_shared *shared,
                       size_t partition, size_t count)
{
    const struct config_scaling *settings = shared->settings;
    struct buffer prefix = {0};

    *link = (struct cluster_link){.shared = shared};
    buffer_printf(&prefix, "%s%s:native:{%s%zu/%zu}", settings->prefix, settings->channel,
                  settings->channel, partition, count);
    buffer_text(&prefix);
    link->prefix = prefix.data;
    link->connector = (struct cluster_connector){
        .settings = settings,
        .loop = shared->loop,
        .tls = shared->tls,
        .prefix = link->prefix,
        .away = &shared->away,
        .on_ready = on_connected,
        .on_refused = on_error,
        .on_lost = on_lost,
        .user = link,
    };
    cluster_connector_init(&link->connector, partition);
    link->sender = (struct cluster_sender){
        .on_refused = on_refused,
        .on_echo = on_echo,
        .is_echo_possible = is_echo_possible,
        .user = link,
        .outbox = &link->outbox,
        .events_sent = &shared->events_sent,
        .round_trip_ns = &shared->round_trip_ns,
    };
    cluster_sender_init(&link->sender);
    cluster_report_init(&link->report, &link->state, &link->sender, shared->loop);
    link->sender.batch.prefix = link->prefix;
    link->sender.batch.node = link->node;
    link->sender.batch.epoch = link->epoch;
    link->sender.batch.inbox_bytes_max = settings->max_inbox_bytes;
    cluster_state_init(&link->state);
    cluster_outbox_init(&link->outbox, settings->max_kept_bytes);
    cluster_peers_init(&link->peers);
    pthread_mutex_init(&link->listed_lock, NULL);
    init_inbox(link);
    init_reader(link);
}

void cluster_link_deinit(struct cluster_link *link)
{
    cluster_link_close(link);
    cluster_peers_deinit(&link->peers);
    buffer_deinit(&link->listed);
    pthread_mutex_destroy(&link->listed_lock);
    cluster_batch_deinit(&link->sender.batch);
    cluster_inbox_reader_deinit(&link->reader);
    cluster_report_deinit(&link->report);
    cluster_state_deinit(&link->state);
    cluster_outbox_deinit(&link->outbox);
    cluster_inbox_deinit(&link->inbox);
    free(link->prefix);
    cluster_connector_deinit(&link->connector);
}
