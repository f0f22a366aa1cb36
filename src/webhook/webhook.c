#include "webhook/webhook.h"

#include "base/check.h"
#include "base/jsonwrite.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/move.h"
#include "base/random.h"
#include "config/webhook.h"
#include "net/loop.h"
#include "webhook/observe.h"
#include "webhook/precedence.h"
#include "webhook/spec.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define FINISH_MS 3000
/* At the end, for the server before this one to have ended: that one gives its clients time. */
#define FORMER_MS 60000
#define LOCK_RETRY_MS 100
#define WAIT_MS_MAX 1000
#define SOURCE_LEN_MAX 17

struct webhook {
    /* NULL until there is a webhook; then fixed. */
    struct webhook_delivery *_Atomic delivery;

    /* Fixed after start. */
    struct pusher_observers observer;
    struct webhook_pipe pipe;
    char source[SOURCE_LEN_MAX];
    pthread_t thread;
    bool has_thread;

    struct webhook_intake intake;

    /* Main and the thread, under the specifications' lock. */
    pthread_mutex_t specs_lock;
    struct webhook_spec_list *specs; /* of a reload; NULL: none is pending */

    /* The thread and main, under the targets' lock, which is free while the thread waits. */
    pthread_mutex_t targets_lock;
    struct list targets;
    uint64_t changes_count;

    /* The thread's. */
    struct webhook_precedence precedence; /* its path is fixed after start */
    uint64_t end_ms;                      /* what is left then is dropped; 0: it does not end */
};

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

static struct webhook_target *target_of(struct list *link)
{
    return LIST_OWNER(link, struct webhook_target, link);
}

/* --- targets -------------------------------------------------------------------------------- */

static struct webhook_target *find(struct webhook *webhook, const struct webhook_spec *spec)
{
    LIST_EACH(at, following, &webhook->targets) {
        if (!target_of(at)->is_in_use && webhook_target_is_of(target_of(at), spec))
            return target_of(at);
    }
    return NULL;
}

static void use(struct webhook *webhook, const struct webhook_spec *spec)
{
    struct webhook_target *target = find(webhook, spec);

    if (target == NULL) {
        target = webhook_target_new(webhook->delivery, &webhook->pipe, webhook->source);
        list_append(&webhook->targets, &target->link);
    }
    webhook_target_configure(target, spec);
    target->is_in_use = true;
}

/* Takes `*specs`. */
static void apply(struct webhook *webhook, struct webhook_spec_list **specs)
{
    struct webhook_spec_list *applied = MOVE(*specs);

    LIST_EACH(at, following, &webhook->targets) {
        target_of(at)->is_in_use = false;
    }
    for (size_t i = 0; i < applied->count; i++)
        use(webhook, &applied->specs[i]);
    LIST_EACH(at, following, &webhook->targets) {
        if (!target_of(at)->is_in_use)
            webhook_target_free(target_of(at));
    }
    webhook_spec_list_free(applied);
}

/* --- the thread ----------------------------------------------------------------------------- */

/* Under the targets' lock. */
static void offer(struct webhook *webhook, struct webhook_change *change, uint64_t now)
{
    if (change->id[0] == '\0')
        snprintf(change->id, sizeof change->id, "%s-%llu", webhook->source,
                 (unsigned long long)++webhook->changes_count);
    LIST_EACH(at, following, &webhook->targets) {
        webhook_target_take(target_of(at), change, now);
    }
    webhook_change_unref(change);
}

static void forget_links(struct webhook *webhook, uint64_t links)
{
    for (size_t link = 0; link < WEBHOOK_INTAKE_LINKS_COUNT_MAX; link++) {
        if (!(links >> link & 1))
            continue;
        LIST_EACH(at, following, &webhook->targets) {
            webhook_target_forget_link(target_of(at), link);
        }
    }
}

/* How long the thread may wait, in ms. */
static int wait_ms(struct webhook *webhook, uint64_t now)
{
    uint64_t due_ms = now + WAIT_MS_MAX;

    LIST_EACH(at, following, &webhook->targets) {
        const uint64_t target_ms = webhook_target_due_ms(target_of(at));

        due_ms = target_ms < due_ms ? target_ms : due_ms;
    }
    if (!webhook_precedence_has(&webhook->precedence))
        return LOCK_RETRY_MS;
    return due_ms > now ? (int)(due_ms - now) : 0;
}

static bool are_idle(struct webhook *webhook)
{
    LIST_EACH(at, following, &webhook->targets) {
        if (!webhook_target_is_idle(target_of(at)))
            return false;
    }
    return true;
}

static struct webhook_spec_list *take_specs(struct webhook *webhook)
{
    struct webhook_spec_list *specs;

    pthread_mutex_lock(&webhook->specs_lock);
    specs = MOVE(webhook->specs);
    pthread_mutex_unlock(&webhook->specs_lock);
    return specs;
}

/* One pass under the targets' lock; returns how long to wait. */
static int turn(struct webhook *webhook, const struct webhook_intake_content *content)
{
    const uint64_t now = now_ms();
    struct webhook_change *change = content->first;
    struct webhook_spec_list *specs = take_specs(webhook);

    if (specs != NULL)
        apply(webhook, &specs);
    forget_links(webhook, content->links_to_forget);
    webhook_delivery_work(webhook->delivery);
    while (change != NULL) {
        struct webhook_change *next = change->next;

        offer(webhook, change, now);
        change = next;
    }
    LIST_EACH(at, following, &webhook->targets) {
        if (content->is_ending)
            webhook_target_hurry(target_of(at));
        if (webhook_precedence_has(&webhook->precedence))
            webhook_target_turn(target_of(at), now);
    }
    webhook_delivery_work(webhook->delivery);
    return wait_ms(webhook, now);
}

static bool is_over(struct webhook *webhook)
{
    const uint64_t now = now_ms();

    if (webhook->end_ms == 0)
        webhook->end_ms = now + FORMER_MS;
    if (webhook_precedence_has(&webhook->precedence) && webhook->end_ms > now + FINISH_MS)
        webhook->end_ms = now + FINISH_MS;
    return are_idle(webhook) || now >= webhook->end_ms;
}

static void *run(void *user)
{
    struct webhook *webhook = user;

    for (;;) {
        const struct webhook_intake_content content = webhook_intake_take(&webhook->intake);
        bool ends;
        int wait;

        pthread_mutex_lock(&webhook->targets_lock);
        wait = turn(webhook, &content);
        ends = content.is_ending && is_over(webhook);
        pthread_mutex_unlock(&webhook->targets_lock);
        if (ends)
            return NULL;
        if (content.is_ending && wait > LOCK_RETRY_MS)
            wait = LOCK_RETRY_MS;
        webhook_delivery_wait(webhook->delivery, wait);
    }
}

/* --- life ----------------------------------------------------------------------------------- */

static void start_thread(struct webhook *webhook)
{
    if (webhook->has_thread || list_is_empty(&webhook->targets))
        return;
    CHECK(pthread_create(&webhook->thread, NULL, run, webhook) == 0);
    webhook->has_thread = true;
}

static void draw_source(struct webhook *webhook)
{
    unsigned char random[(SOURCE_LEN_MAX - 1) / 2];

    random_bytes(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(webhook->source + 2 * i, 3, "%02x", random[i]);
}

static void wake(void *user)
{
    struct webhook *webhook = user;
    struct webhook_delivery *delivery = atomic_load(&webhook->delivery);

    if (delivery != NULL) /* else the thread has not started yet, and looks before it waits */
        webhook_delivery_wake(delivery);
}

static bool has_webhooks(const struct config *config)
{
    for (size_t i = 0; i < config->apps_count; i++)
        if (config->apps[i].webhooks_count > 0)
            return true;
    return false;
}

bool webhook_prepare(struct webhook *webhook, const struct config *config, struct buffer *error)
{
    if (!webhook_pipe_suffices(&webhook->pipe, config, error))
        return false;
    if (webhook->delivery == NULL && has_webhooks(config))
        webhook->delivery = webhook_delivery_new(error);
    return webhook->delivery != NULL || !has_webhooks(config);
}

struct webhook *webhook_new(const struct config *config, const struct webhook_pipe *pipe,
                            struct buffer *error)
{
    struct webhook *webhook = mem_new(sizeof *webhook);
    struct webhook_spec_list *specs;

    if (pipe != NULL)
        webhook->pipe = *pipe;
    if (!webhook_prepare(webhook, config, error)) {
        free(webhook);
        return NULL;
    }
    draw_source(webhook);
    webhook_precedence_init(&webhook->precedence);
    webhook_intake_init(&webhook->intake, wake, webhook);
    list_init(&webhook->targets);
    CHECK(pthread_mutex_init(&webhook->specs_lock, NULL) == 0);
    CHECK(pthread_mutex_init(&webhook->targets_lock, NULL) == 0);
    specs = webhook_spec_list_new(config);
    apply(webhook, &specs);
    return webhook;
}

const struct pusher_observers *webhook_observe(struct webhook *webhook,
                                               const struct pusher_observers *next)
{
    webhook->observer = (struct pusher_observers){&webhook_observe_events, &webhook->intake, next};
    return &webhook->observer;
}

void webhook_start(struct webhook *webhook, const char *lock_path)
{
    webhook->precedence.path = lock_path != NULL ? bytes_copy(bytes_of(lock_path)) : NULL;
    start_thread(webhook);
}

void webhook_reload(struct webhook *webhook, const struct config *config)
{
    struct webhook_spec_list *specs = webhook_spec_list_new(config);
    struct webhook_spec_list *former;

    if (!webhook->has_thread) {
        apply(webhook, &specs);
        start_thread(webhook);
        return;
    }
    pthread_mutex_lock(&webhook->specs_lock);
    former = webhook->specs;
    webhook->specs = MOVE(specs);
    pthread_mutex_unlock(&webhook->specs_lock);
    webhook_spec_list_free(former);
    webhook_delivery_wake(webhook->delivery);
}

void webhook_end(struct webhook *webhook)
{
    if (webhook == NULL || !webhook->has_thread)
        return;
    webhook_intake_end(&webhook->intake);
    CHECK(pthread_join(webhook->thread, NULL) == 0);
    webhook->has_thread = false;
    webhook_precedence_leave(&webhook->precedence);
}

void webhook_free(struct webhook *webhook)
{
    if (webhook == NULL)
        return;
    forget_links(webhook, UINT64_MAX); /* they stay in Redis, for another node */
    LIST_EACH(at, following, &webhook->targets) {
        webhook_target_free(target_of(at));
    }
    webhook_delivery_free(webhook->delivery);
    webhook_intake_deinit(&webhook->intake);
    webhook_spec_list_free(webhook->specs);
    pthread_mutex_destroy(&webhook->specs_lock);
    pthread_mutex_destroy(&webhook->targets_lock);
    webhook_precedence_deinit(&webhook->precedence);
    free(webhook);
}

/* --- status --------------------------------------------------------------------------------- */

void webhook_visit(struct webhook *webhook,
                   void (*visit)(const struct webhook_target *target, uint64_t now_ms, void *user),
                   void *user)
{
    pthread_mutex_lock(&webhook->targets_lock);
    LIST_EACH(at, following, &webhook->targets) {
        visit(target_of(at), now_ms(), user);
    }
    pthread_mutex_unlock(&webhook->targets_lock);
}

struct webhook_intake *webhook_intake(struct webhook *webhook)
{
    return &webhook->intake;
}

bool webhook_has_targets(struct webhook *webhook)
{
    bool has_any;

    pthread_mutex_lock(&webhook->targets_lock);
    has_any = !list_is_empty(&webhook->targets);
    pthread_mutex_unlock(&webhook->targets_lock);
    return has_any;
}
