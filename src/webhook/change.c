#include "webhook/change.h"

#include "base/mem.h"

#include <time.h>

uint64_t webhook_change_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static char *append(char *out, struct bytes text)
{
    if (text.len > 0)
        memcpy(out, text.data, text.len);
    return out + text.len;
}

struct webhook_change *webhook_change_new(enum config_webhook_kind kind,
                                          const struct webhook_change_parts *parts)
{
    struct webhook_change *change =
        mem_new(sizeof *change + parts->app_id.len + parts->channel.len + parts->user_id.len +
                parts->members.len);
    char *out = change->texts;

    change->refs = 1;
    change->kind = kind;
    change->time_ms = webhook_change_now_ms();
    change->app_id_len = parts->app_id.len;
    change->channel_len = parts->channel.len;
    change->user_id_len = parts->user_id.len;
    change->members_len = parts->members.len;
    out = append(out, parts->app_id);
    out = append(out, parts->channel);
    out = append(out, parts->user_id);
    append(out, parts->members);
    return change;
}

struct webhook_change *webhook_change_ref(struct webhook_change *change)
{
    change->refs++;
    return change;
}

void webhook_change_abandon(struct webhook_change *change)
{
    change->is_abandoned = true;
    change->owner = NULL;
}

void webhook_change_unref(struct webhook_change *change)
{
    if (--change->refs > 0)
        return;
    if (change->owner != NULL)
        change->owner->on_done(change->link, bytes_of(change->id + change->stream_id_at),
                               change->owner->user);
    free(change);
}

struct bytes webhook_change_app_id(const struct webhook_change *change)
{
    return (struct bytes){change->texts, change->app_id_len};
}

struct bytes webhook_change_channel(const struct webhook_change *change)
{
    return (struct bytes){change->texts + change->app_id_len, change->channel_len};
}

struct bytes webhook_change_user_id(const struct webhook_change *change)
{
    return (struct bytes){change->texts + change->app_id_len + change->channel_len,
                          change->user_id_len};
}

struct bytes webhook_change_members(const struct webhook_change *change)
{
    return (struct bytes){change->texts + change->app_id_len + change->channel_len +
                              change->user_id_len,
                          change->members_len};
}
