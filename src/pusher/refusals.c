#include "pusher/refusals.h"

#include "base/check.h"
#include "base/log.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define ENTRIES_COUNT 64
/* Longer ones are cut. */
#define APP_LEN_MAX 64
#define ADDRESS_LEN_MAX 64

/* In use while `address_len` is not 0. */
struct entry {
    enum metrics_app_reject reason;
    size_t app_len;
    size_t address_len;
    char app[APP_LEN_MAX];
    char address[ADDRESS_LEN_MAX];
    uint64_t logged_ms;
    uint64_t count; /* since then */
};

struct pusher_refusals {
    pthread_mutex_t lock;
    struct entry entries[ENTRIES_COUNT];
    uint64_t others_logged_ms;
    uint64_t others_count; /* those that found no entry, since then */
};

/* NULL: not logged. */
static const char *text_of(enum metrics_app_reject reason)
{
    switch (reason) {
    case METRICS_APP_REJECT_SIGNATURE:
        return "a request to the API has a wrong signature: is the secret the same?";
    case METRICS_APP_REJECT_KEY:
        return "no app has that key or id";
    case METRICS_APP_REJECT_TIMESTAMP:
        return "a request to the API is too old or too new: compare the clocks";
    case METRICS_APP_REJECT_ORIGIN:
        return "the origin of a client is not in allowed_origins";
    case METRICS_APP_REJECT_QUOTA:
        return "max_connections or max_subscriptions is reached";
    case METRICS_APP_REJECT_AUTH:
        return "a subscription or sign-in has a wrong signature: is the secret the same?";
    case METRICS_APP_REJECT_ADDRESS:
        return "the address has reached one of the address_limits";
    case METRICS_APP_REJECT_PROXY:
        return "the proxy's header of the PROXY protocol is missing, malformed or late: does it "
               "have send-proxy?";
    default:
        return NULL;
    }
}

struct pusher_refusals *pusher_refusals_new(void)
{
    struct pusher_refusals *refusals = mem_new(sizeof *refusals);

    CHECK(pthread_mutex_init(&refusals->lock, NULL) == 0);
    return refusals;
}

void pusher_refusals_free(struct pusher_refusals *refusals)
{
    if (refusals != NULL)
        pthread_mutex_destroy(&refusals->lock);
    free(refusals);
}

static struct bytes cut(struct bytes text, size_t len_max)
{
    return (struct bytes){text.data, text.len < len_max ? text.len : len_max};
}

static bool is_of(const struct entry *entry, enum metrics_app_reject reason, struct bytes app_id,
                  struct bytes address)
{
    return entry->address_len != 0 && entry->reason == reason &&
           bytes_equal((struct bytes){entry->app, entry->app_len}, app_id) &&
           bytes_equal((struct bytes){entry->address, entry->address_len}, address);
}

static void log_entry(struct entry *entry, uint64_t now_ms)
{
    char more[48] = "";

    if (entry->count > 0)
        snprintf(more, sizeof more, "; %llu times more", (unsigned long long)entry->count);
    if (entry->app_len > 0)
        log_warn("refused: app %.*s, address %.*s: %s%s", (int)entry->app_len, entry->app,
                 (int)entry->address_len, entry->address, text_of(entry->reason), more);
    else
        log_warn("refused: address %.*s: %s%s", (int)entry->address_len, entry->address,
                 text_of(entry->reason), more);
    entry->logged_ms = now_ms;
    entry->count = 0;
}

static void begin_entry(struct entry *entry, enum metrics_app_reject reason, struct bytes app_id,
                        struct bytes address, uint64_t now_ms)
{
    *entry = (struct entry){.reason = reason, .app_len = app_id.len, .address_len = address.len};
    if (app_id.len > 0)
        memcpy(entry->app, app_id.data, app_id.len);
    memcpy(entry->address, address.data, address.len);
    log_entry(entry, now_ms);
}

static void note(struct pusher_refusals *refusals, enum metrics_app_reject reason,
                 struct bytes app_id, struct bytes address, uint64_t now_ms)
{
    struct entry *free_entry = NULL;

    for (size_t i = 0; i < ENTRIES_COUNT; i++) {
        struct entry *entry = &refusals->entries[i];

        if (is_of(entry, reason, app_id, address)) {
            entry->count++;
            return;
        }
        if (entry->address_len == 0)
            free_entry = entry;
    }
    if (free_entry != NULL)
        begin_entry(free_entry, reason, app_id, address, now_ms);
    else
        refusals->others_count++;
}

void pusher_refusals_note(struct pusher_refusals *refusals, enum metrics_app_reject reason,
                          struct bytes app_id, struct bytes address, uint64_t now_ms)
{
    if (text_of(reason) == NULL || address.len == 0)
        return;
    CHECK(pthread_mutex_lock(&refusals->lock) == 0);
    note(refusals, reason, cut(app_id, APP_LEN_MAX), cut(address, ADDRESS_LEN_MAX), now_ms);
    CHECK(pthread_mutex_unlock(&refusals->lock) == 0);
}

/* An entry that has stood for nothing during a whole interval makes room for another. */
static void flush_entry(struct entry *entry, uint64_t now_ms)
{
    if (entry->address_len == 0 || now_ms < entry->logged_ms + PUSHER_REFUSALS_INTERVAL_MS)
        return;
    if (entry->count > 0)
        log_entry(entry, now_ms);
    else
        entry->address_len = 0;
}

void pusher_refusals_flush(struct pusher_refusals *refusals, uint64_t now_ms)
{
    CHECK(pthread_mutex_lock(&refusals->lock) == 0);
    for (size_t i = 0; i < ENTRIES_COUNT; i++)
        flush_entry(&refusals->entries[i], now_ms);
    if (refusals->others_count > 0 &&
        now_ms >= refusals->others_logged_ms + PUSHER_REFUSALS_INTERVAL_MS) {
        log_warn("refused: %llu times more, of other addresses, apps and reasons; the metric "
                 "reverb_rejected_total counts all",
                 (unsigned long long)refusals->others_count);
        refusals->others_logged_ms = now_ms;
        refusals->others_count = 0;
    }
    CHECK(pthread_mutex_unlock(&refusals->lock) == 0);
}
