#include "observer/history.h"

#include "base/jsonwrite.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "pusher/session.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define ENTRIES_COUNT 8192
#define KEPT_S 600
/* So many of the newest entries are compared with a new one. */
#define COMPARED_COUNT 8
#define APP_LEN_MAX 24
#define TEXT_LEN_MAX 64
#define CHANNEL_LEN_MAX 64

enum what { REFUSED, CLOSED_HERE, CLOSED_THERE, LOST };

static const char *const what_texts[] = {
    "refused",
    "closed by the server",
    "closed by the client",
    "lost",
};

/* Texts end at their first NUL, or at their last byte. */
struct entry {
    uint64_t socket_id; /* 0: none yet */
    uint32_t at_s;      /* Unix time */
    uint32_t count;
    uint16_t code;
    uint8_t what;
    bool has_address;
    struct ip address; /* the client's */
    char app[APP_LEN_MAX];
    char text[TEXT_LEN_MAX];
    char channel[CHANNEL_LEN_MAX];
};

struct observer_history {
    struct pusher_observers observer;
    pthread_mutex_t lock;
    size_t next; /* where the next entry goes */
    struct entry entries[ENTRIES_COUNT];
};

/* --- taking notes --------------------------------------------------------------------------- */

static void put(char *to, size_t size, struct bytes text)
{
    text = utf8_beginning(text, size);
    if (text.len > 0)
        memcpy(to, text.data, text.len);
}

static bool says_the_same(const struct entry *a, const struct entry *b)
{
    return a->socket_id == b->socket_id && a->what == b->what && a->code == b->code &&
           memcmp(a->channel, b->channel, sizeof a->channel) == 0 &&
           memcmp(a->text, b->text, sizeof a->text) == 0;
}

static struct entry *find_same(struct observer_history *history, const struct entry *entry)
{
    for (size_t i = 1; i <= COMPARED_COUNT; i++) {
        struct entry *before =
            &history->entries[(history->next + ENTRIES_COUNT - i) % ENTRIES_COUNT];

        if (says_the_same(before, entry))
            return before;
    }
    return NULL;
}

/* A client knows its id once it is established: nobody asks for others. */
static void note(struct observer_history *history, const struct pusher_session *session,
                 enum what what, unsigned code, struct bytes text, struct bytes channel)
{
    struct entry entry = {.socket_id = session->socket_id,
                          .at_s = (uint32_t)time(NULL),
                          .count = 1,
                          .code = (uint16_t)code,
                          .what = (uint8_t)what};
    struct entry *same;

    if (session->state != PUSHER_SESSION_ESTABLISHED)
        return;
    entry.has_address = session->ws.net != NULL && net_conn_client(session->ws.net, &entry.address);
    put(entry.app, sizeof entry.app, bytes_of(session->app->id));
    put(entry.text, sizeof entry.text, text);
    put(entry.channel, sizeof entry.channel, channel);
    pthread_mutex_lock(&history->lock);
    same = find_same(history, &entry);
    if (same != NULL) {
        same->count++;
        same->at_s = entry.at_s;
    } else {
        history->entries[history->next] = entry;
        history->next = (history->next + 1) % ENTRIES_COUNT;
    }
    pthread_mutex_unlock(&history->lock);
}

static void on_refused(void *user, const struct pusher_session *session, unsigned code,
                       struct bytes text, struct bytes channel)
{
    note(user, session, REFUSED, code, text, channel);
}

static void on_closing(void *user, const struct pusher_session *session, unsigned code,
                       struct bytes reason)
{
    note(user, session, CLOSED_HERE, code, reason, BYTES_NONE);
}

static void on_closed(void *user, const struct pusher_session *session)
{
    if (!session->is_closed_here)
        note(user, session, session->close_code != 0 ? CLOSED_THERE : LOST, session->close_code,
             BYTES_NONE, BYTES_NONE);
}

static const struct pusher_observers_events events = {
    .on_refused = on_refused,
    .on_closing = on_closing,
    .on_closed = on_closed,
};

/* --- answering ------------------------------------------------------------------------------ */

static struct bytes text_in(const char *text, size_t size)
{
    return (struct bytes){text, strnlen(text, size)};
}

static void append(struct buffer *out, const char *key, struct bytes text)
{
    if (text.len == 0)
        return;
    buffer_printf(out, ",\"%s\":", key);
    jsonwrite_string(out, text);
}

static void write_entry(struct buffer *out, const struct entry *entry)
{
    char address[IP_TEXT_LEN_MAX];

    buffer_printf(out, "%s{\"at\":%u", out->data[out->len - 1] == '[' ? "" : ",", entry->at_s);
    append(out, "app", text_in(entry->app, sizeof entry->app));
    if (entry->has_address) {
        ip_write(&entry->address, address);
        append(out, "address", bytes_of(address));
    }
    append(out, "what", bytes_of(what_texts[entry->what]));
    if (entry->code != 0)
        buffer_printf(out, ",\"code\":%u", entry->code);
    append(out, "text", text_in(entry->text, sizeof entry->text));
    append(out, "channel", text_in(entry->channel, sizeof entry->channel));
    buffer_printf(out, ",\"count\":%u}", entry->count);
}

void observer_history_write(struct observer_history *history, uint64_t socket_id,
                            struct buffer *out)
{
    const uint32_t now_s = (uint32_t)time(NULL);

    buffer_append_char(out, '[');
    pthread_mutex_lock(&history->lock);
    for (size_t i = 0; i < ENTRIES_COUNT; i++) {
        const struct entry *entry = &history->entries[(history->next + i) % ENTRIES_COUNT];

        if (entry->socket_id == socket_id && entry->at_s + KEPT_S >= now_s)
            write_entry(out, entry);
    }
    pthread_mutex_unlock(&history->lock);
    buffer_append_char(out, ']');
}

/* --- life ----------------------------------------------------------------------------------- */

struct observer_history *observer_history_new(void)
{
    struct observer_history *history = mem_new(sizeof *history);

    pthread_mutex_init(&history->lock, NULL);
    return history;
}

void observer_history_free(struct observer_history *history)
{
    if (history == NULL)
        return;
    pthread_mutex_destroy(&history->lock);
    free(history);
}

const struct pusher_observers *observer_history_listen(struct observer_history *history,
                                                       const struct pusher_observers *next)
{
    history->observer = (struct pusher_observers){.events = &events, .user = history, .next = next};
    return &history->observer;
}
