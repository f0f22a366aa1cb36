#include "server/tails.h"

#include "base/jsonscan.h"
#include "base/mem.h"

#include <string.h>

/* How often what has happened is sent. */
#define INTERVAL_MS 50
/* Others must reach the control socket too. */
#define OPEN_COUNT_MAX 8
/* Beyond this the watcher is not asked: it counts what it skips. */
#define LINES_BYTES_MAX ((size_t)1024 * 1024)

struct open_tail {
    struct list link;
    struct server_control_caller *caller;
    struct observer_tail_watcher *watcher;
    struct buffer lines; /* that the caller has not read yet */
};

static void on_timer(uv_timer_t *timer)
{
    struct server_tails *tails = timer->data;

    LIST_EACH(link, following, &tails->open) {
        struct open_tail *open = LIST_OWNER(link, struct open_tail, link);

        if (open->lines.len < LINES_BYTES_MAX)
            observer_tail_take(tails->tail, open->watcher, &open->lines);
        if (open->lines.len > 0)
            server_control_stream(open->caller, &open->lines);
    }
}

static void close_tail(struct server_tails *tails, struct open_tail *open)
{
    list_remove(&open->link);
    tails->open_count--;
    observer_tail_unwatch(tails->tail, open->watcher);
    buffer_deinit(&open->lines);
    free(open);
    if (list_is_empty(&tails->open))
        uv_timer_stop(&tails->timer);
}

/* --- opening -------------------------------------------------------------------------------- */

enum { APP, CHANNEL, EVENT, USER, FIELDS_COUNT };

/* The text of a field, if that is a string. */
static struct bytes text_of(const struct jsonscan_value *value, struct buffer *scratch)
{
    return value->type == JSONSCAN_STRING ? jsonscan_text(value, scratch) : BYTES_NONE;
}

static void open_tail(struct server_tails *tails, struct server_control_caller *caller,
                      const struct jsonscan_field fields[FIELDS_COUNT])
{
    struct open_tail *open = mem_new(sizeof *open);
    struct buffer scratch[FIELDS_COUNT] = {0};

    open->caller = caller;
    open->watcher = observer_tail_watch(
        tails->tail, &(struct observer_tail_filter){
                         .app = text_of(&fields[APP].value, &scratch[APP]),
                         .channel = text_of(&fields[CHANNEL].value, &scratch[CHANNEL]),
                         .event = text_of(&fields[EVENT].value, &scratch[EVENT]),
                         .user = text_of(&fields[USER].value, &scratch[USER]),
                     });
    list_append(&tails->open, &open->link);
    tails->open_count++;
    uv_timer_start(&tails->timer, on_timer, INTERVAL_MS, INTERVAL_MS);
    for (size_t i = 0; i < FIELDS_COUNT; i++)
        buffer_deinit(&scratch[i]);
}

bool server_tails_hear(struct server_tails *tails, struct server_control_caller *caller,
                       struct bytes command)
{
    struct jsonscan_field fields[FIELDS_COUNT] = {
        [APP] = {.name = BYTES("app")},
        [CHANNEL] = {.name = BYTES("channel")},
        [EVENT] = {.name = BYTES("event")},
        [USER] = {.name = BYTES("user")},
    };

    if (!bytes_starts_with(command, BYTES("tail ")))
        return false;
    server_tails_forget(tails, caller); /* a second filter replaces the first */
    if (tails->open_count >= OPEN_COUNT_MAX)
        server_control_answer(caller, BYTES("{\"error\":\"too many tails are open\"}"));
    else if (jsonscan_object(bytes_from(command, strlen("tail ")), fields, FIELDS_COUNT))
        open_tail(tails, caller, fields);
    else
        server_control_answer(caller, BYTES("{\"error\":\"the filter is no JSON object\"}"));
    return true;
}

void server_tails_forget(struct server_tails *tails, struct server_control_caller *caller)
{
    LIST_EACH(link, following, &tails->open) {
        struct open_tail *open = LIST_OWNER(link, struct open_tail, link);

        if (open->caller == caller)
            close_tail(tails, open);
    }
}

/* --- life ----------------------------------------------------------------------------------- */

void server_tails_init(struct server_tails *tails, struct observer_tail *tail, uv_loop_t *loop)
{
    tails->tail = tail;
    list_init(&tails->open);
    uv_timer_init(loop, &tails->timer);
    tails->timer.data = tails;
}
