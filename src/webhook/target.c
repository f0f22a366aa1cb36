#include "webhook/target.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "config/webhook.h"
#include "net/loop.h"
#include "webhook/body.h"

#include <stdio.h>

#define RETRY_MS 500
#define RETRY_MS_MAX 15000
#define RETRY_DOUBLINGS_MAX 5
#define RETRY_AFTER_S_MAX 60

struct event {
    struct list link; /* in the queue, then in the batch */
    struct webhook_change *change;
    uint64_t ready_ms;
    uint64_t sequence;
    size_t len;
    bool was_sent; /* in a request that was given up: the next one is another */
    char json[];
};

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

static void drop_event(struct event *event)
{
    list_remove(&event->link);
    webhook_change_unref(event->change);
    free(event);
}

/* Returns how many nobody else sends. */
static size_t drop_events(struct list *events)
{
    size_t count = 0;

    LIST_EACH(at, following, events) {
        struct event *event = LIST_OWNER(at, struct event, link);

        count += !event->change->is_abandoned;
        drop_event(event);
    }
    return count;
}

/* --- the log -------------------------------------------------------------------------------- */

static void describe(const struct webhook_target *target, struct buffer *out)
{
    buffer_printf(out, "the webhook ");
    config_webhook_print_url(target->spec.webhook.url, out);
    buffer_printf(out, " of the app %s", target->spec.app_id);
}

static void log_dropped(const struct webhook_target *target, size_t count, const char *why)
{
    struct buffer who = {0};

    describe(target, &who);
    log_error("%s: %zu event%s dropped: %s", buffer_text(&who), count,
              count == 1 ? " was" : "s were", why);
    buffer_deinit(&who);
}

/* --- the queue ------------------------------------------------------------------------------ */

/* A number is used up by an event that is dropped, too: its receiver sees a gap. */
static void enqueue(struct webhook_target *target, struct webhook_change *change, uint64_t now)
{
    struct buffer json = {0};
    struct event *event;

    if (!(target->spec.webhook.kinds & 1u << change->kind))
        return;
    target->sequence++;
    webhook_body_event(&json, change, target->sequence);
    if (target->queue_bytes + sizeof *event + json.len > target->spec.queue_bytes_max) {
        if (target->full_count++ == 0)
            log_dropped(target, 1,
                        "its queue is full (webhook_max_queue); those that follow are "
                        "counted");
        buffer_deinit(&json);
        return;
    }
    event = mem_new(sizeof *event + json.len);
    memcpy(event->json, json.data, json.len);
    event->len = json.len;
    event->change = webhook_change_ref(change);
    event->ready_ms = now;
    event->sequence = target->sequence;
    list_append(&target->queue, &event->link);
    target->queue_count++;
    target->queue_bytes += sizeof *event + event->len;
    buffer_deinit(&json);
}

/* What a change has waited already, by the wall clock, counts. */
static uint64_t leaving_due_ms(const struct webhook_target *target,
                               const struct webhook_change *change, uint64_t now)
{
    const uint64_t wall_ms = webhook_change_now_ms();
    const uint64_t ago_ms = wall_ms > change->time_ms ? wall_ms - change->time_ms : 0;
    const uint64_t smoothing_ms = target->spec.webhook.disconnect_smoothing_ms;

    return now + (ago_ms < smoothing_ms ? smoothing_ms - ago_ms : 0);
}

static bool is_smoothed(const struct webhook_target *target)
{
    return target->spec.webhook.disconnect_smoothing_ms > 0 && !target->is_hurried &&
           target->smoothing.bytes < target->spec.queue_bytes_max;
}

void webhook_target_take(struct webhook_target *target, struct webhook_change *change, uint64_t now)
{
    if (!bytes_equal(webhook_change_app_id(change), bytes_of(target->spec.app_id)) ||
        !config_webhook_matches(&target->spec.webhook, webhook_change_channel(change)))
        return;
    if ((change->is_certain || webhook_smoothing_is_coming(change->kind)) &&
        webhook_smoothing_cancel(&target->smoothing, change) && !change->is_certain)
        return;
    if (webhook_smoothing_is_leaving(change->kind) && !change->is_certain && is_smoothed(target))
        webhook_smoothing_add(&target->smoothing, change, leaving_due_ms(target, change, now));
    else
        enqueue(target, change, now);
}

static void enqueue_due(struct webhook_target *target, uint64_t now)
{
    struct webhook_change *change;

    while ((change = webhook_smoothing_next(&target->smoothing, now)) != NULL) {
        enqueue(target, change, now);
        webhook_change_unref(change);
    }
}

/* --- batches -------------------------------------------------------------------------------- */

static struct event *first_of(const struct list *events)
{
    return list_is_empty(events) ? NULL : LIST_OWNER(events->next, struct event, link);
}

/* When the queue's first events are a batch; UINT64_MAX: they are none. */
static uint64_t batch_due_ms(const struct webhook_target *target)
{
    const struct config_webhook *settings = &target->spec.webhook;
    const struct event *first = first_of(&target->queue);

    if (first == NULL)
        return UINT64_MAX;
    if (!settings->batching_enabled || target->is_hurried ||
        target->queue_count >= settings->batching_max_events ||
        target->queue_bytes >= settings->batching_max_payload_bytes)
        return 0;
    return first->ready_ms + settings->batching_max_delay_ms;
}

static void move_to_batch(struct webhook_target *target, struct event *event)
{
    struct webhook_target_batch *batch = &target->batch;

    list_remove(&event->link);
    target->queue_count--;
    target->queue_bytes -= sizeof *event + event->len;
    if (batch->count++ > 0)
        buffer_append_char(&batch->body, ',');
    buffer_append(&batch->body, event->json, event->len);
    list_append(&batch->events, &event->link);
}

/* The first event is in it however long it is. */
static void make_batch(struct webhook_target *target)
{
    const struct config_webhook *settings = &target->spec.webhook;
    const size_t max = settings->batching_enabled ? settings->batching_max_events : 1;
    struct webhook_target_batch *batch = &target->batch;
    struct event *event = first_of(&target->queue);

    batch->count = 0;
    batch->attempts = 0;
    batch->ready_ms = event->ready_ms;
    snprintf(batch->id, sizeof batch->id, "%s-%llu", target->source,
             (unsigned long long)event->sequence);
    if (event->was_sent) /* a receiver that knows the former request must not drop this one */
        snprintf(batch->id, sizeof batch->id, "%s-%llu-%llu", target->source,
                 (unsigned long long)event->sequence,
                 (unsigned long long)++target->regrouped_count);
    buffer_clear(&batch->body);
    webhook_body_begin(&batch->body, target->source);
    do {
        move_to_batch(target, event);
        event = first_of(&target->queue);
    } while (event != NULL && batch->count < max &&
             batch->body.len + event->len < settings->batching_max_payload_bytes);
    webhook_body_end(&batch->body);
}

uint64_t webhook_target_due_ms(const struct webhook_target *target)
{
    const uint64_t leaving_ms = webhook_smoothing_due_ms(&target->smoothing);
    uint64_t sending_ms = UINT64_MAX;

    if (!target->is_sending)
        sending_ms = list_is_empty(&target->batch.events) ? batch_due_ms(target) : 0;
    if (sending_ms < target->retry_at_ms)
        sending_ms = target->retry_at_ms;
    return leaving_ms < sending_ms ? leaving_ms : sending_ms;
}

/* --- results -------------------------------------------------------------------------------- */

/* Returns how many of its events nobody else sends. */
static size_t end_batch(struct webhook_target *target)
{
    const size_t count = drop_events(&target->batch.events);

    buffer_clear(&target->batch.body);
    target->batch.count = 0;
    return count;
}

static void drop_from_queue(struct webhook_target *target, struct event *event)
{
    target->queue_count--;
    target->queue_bytes -= sizeof *event + event->len;
    drop_event(event);
}

/* What came from the cluster stays in Redis, and another node sends it in its order: so nothing
 * that follows it is sent from here. */
static void leave_to_others(struct webhook_target *target)
{
    LIST_EACH(at, following, &target->batch.events) {
        struct event *event = LIST_OWNER(at, struct event, link);

        if (event->change->owner != NULL)
            webhook_change_abandon(event->change);
    }
    LIST_EACH(at, following, &target->queue) {
        struct event *event = LIST_OWNER(at, struct event, link);

        if (event->change->owner != NULL)
            webhook_change_abandon(event->change);
        if (event->change->is_abandoned)
            drop_from_queue(target, event);
    }
}

static void note_success(struct webhook_target *target)
{
    struct buffer who = {0};

    target->delivered_count += target->batch.count;
    if (target->failures > 0) {
        describe(target, &who);
        log_info("%s takes events again", buffer_text(&who));
        buffer_deinit(&who);
    }
    target->failures = 0;
    target->last_reason[0] = '\0';
    end_batch(target);
}

static uint64_t retry_delay_ms(const struct webhook_target *target, unsigned retry_after_s)
{
    const unsigned doublings =
        target->failures < RETRY_DOUBLINGS_MAX ? target->failures : RETRY_DOUBLINGS_MAX;
    uint64_t delay_ms = (uint64_t)RETRY_MS << doublings;

    if (delay_ms > RETRY_MS_MAX)
        delay_ms = RETRY_MS_MAX;
    delay_ms = delay_ms / 2 + random_between_1_and((uint32_t)(delay_ms / 2));
    if (retry_after_s > RETRY_AFTER_S_MAX)
        retry_after_s = RETRY_AFTER_S_MAX;
    return delay_ms > retry_after_s * UINT64_C(1000) ? delay_ms : retry_after_s * UINT64_C(1000);
}

static void note_failure(struct webhook_target *target,
                         const struct webhook_delivery_result *result, uint64_t now)
{
    const uint64_t retry_for_ms = target->spec.webhook.retry_for_s * UINT64_C(1000);
    struct buffer who = {0};
    size_t dropped_count;

    target->failed_count++;
    target->is_fresh = true;
    snprintf(target->last_reason, sizeof target->last_reason, "%s", result->reason);
    if (target->failures == 0) {
        describe(target, &who);
        log_warn("%s does not take events: %s; they are kept and sent again for %u s",
                 buffer_text(&who), result->reason, target->spec.webhook.retry_for_s);
        buffer_deinit(&who);
    }
    target->retry_at_ms = now + retry_delay_ms(target, result->retry_after_s);
    target->failures++;
    if (target->is_hurried)
        target->retry_at_ms = now;
    if (now - target->batch.ready_ms < retry_for_ms && !target->is_hurried)
        return;
    if (target->is_hurried)
        leave_to_others(target);
    dropped_count = end_batch(target);
    target->expired_count += dropped_count;
    if (dropped_count > 0)
        log_dropped(target, dropped_count, result->reason);
}

static void note_result(struct webhook_target *target, const struct webhook_delivery_result *result,
                        uint64_t now)
{
    target->last_status = result->status;
    target->last_ms = webhook_change_now_ms();
    if (result->is_delivered)
        note_success(target);
    else
        note_failure(target, result, now);
}

static void on_sent(const struct webhook_delivery_result *result, void *user)
{
    struct webhook_target *target = user;

    target->is_sending = false;
    note_result(target, result, now_ms());
}

/* --- sending -------------------------------------------------------------------------------- */

static void send_by_http(struct webhook_target *target)
{
    char **headers = webhook_body_headers(&target->spec.webhook, bytes_of(target->spec.key),
                                          bytes_of(target->spec.secret),
                                          buffer_bytes(&target->batch.body), target->batch.id);

    target->is_sending = true;
    webhook_delivery_send(target->request, &target->spec.webhook, target->spec.denies_private,
                          target->is_fresh, headers, buffer_bytes(&target->batch.body));
    target->is_fresh = false;
    webhook_body_free_headers(headers);
}

static void send_batch(struct webhook_target *target, uint64_t now)
{
    struct webhook_delivery_result result;

    target->batch.attempts++;
    if (!config_webhook_is_artisan(&target->spec.webhook)) {
        send_by_http(target);
        return;
    }
    result = webhook_pipe_send(target->pipe, bytes_of(target->spec.app_id),
                               buffer_bytes(&target->batch.body));
    note_result(target, &result, now);
}

void webhook_target_turn(struct webhook_target *target, uint64_t now)
{
    enqueue_due(target, now);
    if (target->is_sending || now < target->retry_at_ms)
        return;
    if (list_is_empty(&target->batch.events)) {
        if (batch_due_ms(target) > now)
            return;
        make_batch(target);
    }
    target->retry_at_ms = 0;
    send_batch(target, now);
}

/* --- life ----------------------------------------------------------------------------------- */

bool webhook_target_is_of(const struct webhook_target *target, const struct webhook_spec *spec)
{
    return strcmp(target->spec.app_id, spec->app_id) == 0 &&
           strcmp(target->spec.webhook.url, spec->webhook.url) == 0;
}

void webhook_target_configure(struct webhook_target *target, const struct webhook_spec *spec)
{
    webhook_spec_deinit(&target->spec);
    webhook_spec_copy(&target->spec, spec);
    target->is_fresh = true;
}

struct webhook_target *webhook_target_new(struct webhook_delivery *delivery,
                                          const struct webhook_pipe *pipe, const char *source)
{
    struct webhook_target *target = mem_new(sizeof *target);

    list_init(&target->link);
    list_init(&target->queue);
    list_init(&target->batch.events);
    webhook_smoothing_init(&target->smoothing);
    target->source = source;
    target->pipe = pipe;
    target->request = webhook_delivery_request_new(delivery, on_sent, target);
    return target;
}

void webhook_target_free(struct webhook_target *target)
{
    size_t count;

    webhook_delivery_request_free(target->request);
    count = drop_events(&target->batch.events) + drop_events(&target->queue);
    if (count > 0)
        log_dropped(target, count, "nobody sends them any more");
    webhook_smoothing_deinit(&target->smoothing);
    list_remove(&target->link);
    buffer_deinit(&target->batch.body);
    webhook_spec_deinit(&target->spec);
    free(target);
}

void webhook_target_hurry(struct webhook_target *target)
{
    target->is_hurried = true;
    target->retry_at_ms = 0;
    enqueue_due(target, UINT64_MAX - 1);
}

bool webhook_target_is_idle(const struct webhook_target *target)
{
    return !target->is_sending && list_is_empty(&target->queue) &&
           list_is_empty(&target->batch.events);
}

/* Several targets share a change: the first one that is asked abandons it. */
static bool abandon(struct webhook_change *change, size_t link)
{
    if (change->owner != NULL && change->link == link)
        webhook_change_abandon(change);
    return change->is_abandoned;
}

/* A request that holds changes of the link must not reach the receiver after what another node
 * sends, nor be sent again: it is given up, and what else it holds is sent by the next one. */
static void regroup(struct webhook_target *target, size_t link)
{
    struct list *first;
    bool has_any = false;

    LIST_EACH(at, following, &target->batch.events) {
        has_any |= abandon(LIST_OWNER(at, struct event, link)->change, link);
    }
    if (!has_any)
        return;
    webhook_delivery_cancel(target->request);
    target->is_sending = false;
    first = target->queue.next;
    LIST_EACH(at, following, &target->batch.events) {
        struct event *event = LIST_OWNER(at, struct event, link);

        if (event->change->is_abandoned)
            continue;
        event->was_sent = true;
        list_remove(&event->link);
        list_append(first, &event->link);
        target->queue_count++;
        target->queue_bytes += sizeof *event + event->len;
    }
    end_batch(target);
}

void webhook_target_forget_link(struct webhook_target *target, size_t link)
{
    regroup(target, link);
    LIST_EACH(at, following, &target->queue) {
        struct event *event = LIST_OWNER(at, struct event, link);

        if (abandon(event->change, link))
            drop_from_queue(target, event);
    }
    webhook_smoothing_forget_link(&target->smoothing, link);
}

uint64_t webhook_target_age_ms(const struct webhook_target *target, uint64_t now)
{
    const struct event *first = first_of(&target->batch.events);

    if (first == NULL)
        first = first_of(&target->queue);
    return first != NULL && now > first->ready_ms ? now - first->ready_ms : 0;
}
