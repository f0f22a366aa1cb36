#include "webhook/intake.h"

#include "base/check.h"
#include "base/move.h"

#define BYTES_MAX ((size_t)64 * 1024 * 1024)

static size_t bytes_of_change(const struct webhook_change *change)
{
    return sizeof *change + change->app_id_len + change->channel_len + change->user_id_len +
           change->members_len;
}

void webhook_intake_init(struct webhook_intake *intake, void (*wake)(void *user), void *wake_user)
{
    *intake = (struct webhook_intake){.wake = wake, .wake_user = wake_user};
    intake->last = &intake->first;
    CHECK(pthread_mutex_init(&intake->lock, NULL) == 0);
}

static void abandon_all(struct webhook_change *first)
{
    while (first != NULL) {
        struct webhook_change *change = first;

        first = change->next;
        webhook_change_abandon(change);
        webhook_change_unref(change);
    }
}

void webhook_intake_deinit(struct webhook_intake *intake)
{
    abandon_all(intake->first);
    pthread_mutex_destroy(&intake->lock);
}

void webhook_intake_put(struct webhook_intake *intake, struct webhook_change **change)
{
    struct webhook_change *taken = MOVE(*change);
    bool was_empty;
    bool has_room;

    pthread_mutex_lock(&intake->lock);
    was_empty = intake->first == NULL;
    has_room = intake->bytes < BYTES_MAX && !intake->is_ending;
    if (has_room) {
        *intake->last = taken;
        intake->last = &taken->next;
        intake->bytes += bytes_of_change(taken);
    } else if (!intake->is_ending) {
        intake->overflow_count++;
    }
    pthread_mutex_unlock(&intake->lock);
    if (!has_room)
        abandon_all(taken);
    else if (was_empty)
        intake->wake(intake->wake_user);
}

/* Under the lock: takes the link's changes out of the list. */
static struct webhook_change *take_link(struct webhook_intake *intake, size_t link)
{
    struct webhook_change *taken = NULL;
    struct webhook_change **end = &taken;
    struct webhook_change **at = &intake->first;

    while (*at != NULL) {
        struct webhook_change *change = *at;

        if (change->owner == NULL || change->link != link) {
            at = &change->next;
            continue;
        }
        intake->bytes -= bytes_of_change(change);
        *at = change->next;
        change->next = NULL;
        *end = change;
        end = &change->next;
    }
    intake->last = at;
    return taken;
}

void webhook_intake_forget_link(struct webhook_intake *intake, size_t link)
{
    struct webhook_change *forgotten;

    CHECK(link < WEBHOOK_INTAKE_LINKS_COUNT_MAX);
    pthread_mutex_lock(&intake->lock);
    intake->links_to_forget |= UINT64_C(1) << link;
    forgotten = take_link(intake, link);
    pthread_mutex_unlock(&intake->lock);
    abandon_all(forgotten);
    intake->wake(intake->wake_user);
}

void webhook_intake_end(struct webhook_intake *intake)
{
    pthread_mutex_lock(&intake->lock);
    intake->is_ending = true;
    pthread_mutex_unlock(&intake->lock);
    intake->wake(intake->wake_user);
}

struct webhook_intake_content webhook_intake_take(struct webhook_intake *intake)
{
    struct webhook_intake_content content;

    pthread_mutex_lock(&intake->lock);
    content =
        (struct webhook_intake_content){intake->first, intake->links_to_forget, intake->is_ending};
    intake->first = NULL;
    intake->last = &intake->first;
    intake->bytes = 0;
    intake->links_to_forget = 0;
    pthread_mutex_unlock(&intake->lock);
    return content;
}

uint64_t webhook_intake_overflow_count(struct webhook_intake *intake)
{
    uint64_t count;

    pthread_mutex_lock(&intake->lock);
    count = intake->overflow_count;
    pthread_mutex_unlock(&intake->lock);
    return count;
}
