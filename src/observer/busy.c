#include "observer/busy.h"

#include "base/hash.h"
#include "base/jsonwrite.h"
#include "base/mem.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define ENTRIES_COUNT 256
#define SHOWN_COUNT 50
/* Counting ends if nobody has looked for so long. */
#define LOOKED_AT_S 15
#define APP_LEN_MAX 64
#define NAME_LEN_MAX 200

struct entry {
    uint64_t hash; /* of app and channel; 0: free */
    uint64_t count;
    char app[APP_LEN_MAX];
    char name[NAME_LEN_MAX];
};

struct observer_busy {
    struct pusher_observers observer;
    _Atomic(uint64_t) ends_s; /* when counting ends, on the monotonic clock; 0: it has */
    pthread_mutex_t lock;
    double since_s;
    struct entry entries[ENTRIES_COUNT];
};

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- counting ------------------------------------------------------------------------------- */

/* The channel's entry, or the least busy one. */
static struct entry *find(struct observer_busy *busy, uint64_t hash)
{
    struct entry *least = &busy->entries[0];

    for (size_t i = 0; i < ENTRIES_COUNT; i++) {
        struct entry *entry = &busy->entries[i];

        if (entry->hash == hash)
            return entry;
        if (entry->count < least->count)
            least = entry;
    }
    return least;
}

static void copy_text(char *to, size_t size, struct bytes text)
{
    memset(to, 0, size);
    if (text.len <= size)
        memcpy(to, text.data, text.len);
}

static void on_broadcast(void *user, const struct pusher_app *app, struct bytes channel,
                         struct bytes message)
{
    struct observer_busy *busy = user;
    struct entry *entry;
    uint64_t hash;

    (void)message;
    if (atomic_load_explicit(&busy->ends_s, memory_order_relaxed) == 0 ||
        channel.len > NAME_LEN_MAX || strlen(app->id) > APP_LEN_MAX)
        return;
    hash = hash_pair(hash_bytes(bytes_of(app->id)), hash_bytes(channel)) | 1;
    pthread_mutex_lock(&busy->lock);
    entry = find(busy, hash);
    if (entry->hash != hash) {
        entry->hash = hash;
        copy_text(entry->app, sizeof entry->app, bytes_of(app->id));
        copy_text(entry->name, sizeof entry->name, channel);
    }
    entry->count++;
    pthread_mutex_unlock(&busy->lock);
}

static const struct pusher_observers_events events = {.on_broadcast = on_broadcast};

/* --- answering ------------------------------------------------------------------------------ */

static int busier_first(const void *a, const void *b)
{
    const uint64_t left = ((const struct entry *)a)->count;
    const uint64_t right = ((const struct entry *)b)->count;

    return (left < right) - (left > right);
}

static unsigned subscribers_of(struct pusher_apps *apps, struct bytes app_id, struct bytes name)
{
    struct pusher_app *app = pusher_apps_find_by_id(apps, app_id);
    struct channel *channel = app != NULL ? channel_registry_find(app->channels, name) : NULL;
    unsigned count;

    if (channel == NULL)
        return 0;
    count = atomic_load(&channel->subscriptions_count);
    channel_unref(channel);
    return count;
}

static void write_entry(struct buffer *out, const struct entry *entry, double seconds,
                        struct pusher_apps *apps)
{
    const struct bytes app = {entry->app, strnlen(entry->app, APP_LEN_MAX)};
    const struct bytes name = {entry->name, strnlen(entry->name, NAME_LEN_MAX)};

    buffer_append_text(out, out->data[out->len - 1] == '[' ? "{\"app\":" : ",{\"app\":");
    jsonwrite_string(out, app);
    buffer_append_text(out, ",\"channel\":");
    jsonwrite_string(out, name);
    buffer_printf(out, ",\"events\":%llu,\"per_second\":%.3f,\"subscribers\":%u}",
                  (unsigned long long)entry->count, (double)entry->count / seconds,
                  subscribers_of(apps, app, name));
}

/* Counting ends, or begins anew, if nobody has looked for a while. */
static void look(struct observer_busy *busy, double now)
{
    const uint64_t ends_s = atomic_load(&busy->ends_s);

    if (ends_s == 0 || ends_s < (uint64_t)now) {
        memset(busy->entries, 0, sizeof busy->entries);
        busy->since_s = now;
    }
    atomic_store(&busy->ends_s, (uint64_t)now + LOOKED_AT_S);
}

void observer_busy_rest(struct observer_busy *busy)
{
    if (atomic_load(&busy->ends_s) < (uint64_t)now_s())
        atomic_store(&busy->ends_s, 0);
}

void observer_busy_write(struct observer_busy *busy, struct pusher_apps *apps, struct buffer *out)
{
    struct entry *entries = mem_new(sizeof busy->entries);
    const double now = now_s();
    double seconds;

    pthread_mutex_lock(&busy->lock);
    look(busy, now);
    memcpy(entries, busy->entries, sizeof busy->entries);
    seconds = now - busy->since_s;
    pthread_mutex_unlock(&busy->lock);
    qsort(entries, ENTRIES_COUNT, sizeof *entries, busier_first);
    buffer_append_char(out, '[');
    for (size_t i = 0; i < SHOWN_COUNT && entries[i].count > 0; i++)
        write_entry(out, &entries[i], seconds < 1 ? 1 : seconds, apps);
    buffer_append_char(out, ']');
    free(entries);
}

/* --- life ----------------------------------------------------------------------------------- */

struct observer_busy *observer_busy_new(void)
{
    struct observer_busy *busy = mem_new(sizeof *busy);

    pthread_mutex_init(&busy->lock, NULL);
    return busy;
}

void observer_busy_free(struct observer_busy *busy)
{
    if (busy == NULL)
        return;
    pthread_mutex_destroy(&busy->lock);
    free(busy);
}

const struct pusher_observers *observer_busy_listen(struct observer_busy *busy,
                                                    const struct pusher_observers *next)
{
    busy->observer = (struct pusher_observers){.events = &events, .user = busy, .next = next};
    return &busy->observer;
}
