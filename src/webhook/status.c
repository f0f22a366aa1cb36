#include "webhook/status.h"

#include "base/jsonwrite.h"
#include "config/webhook.h"

struct writing {
    struct buffer *out;
    bool has_any;
};

static const char *state_of(const struct webhook_target *target)
{
    if (target->failures > 0)
        return "failing";
    return target->last_ms == 0 ? "new" : "working";
}

static void write_target(const struct webhook_target *target, uint64_t now_ms, void *user)
{
    struct writing *writing = user;
    struct buffer *out = writing->out;
    struct buffer url = {0};

    config_webhook_print_url(target->spec.webhook.url, &url);
    buffer_append_text(out, writing->has_any ? ",{\"app\":" : "{\"app\":");
    writing->has_any = true;
    jsonwrite_string(out, bytes_of(target->spec.app_id));
    buffer_append_text(out, ",\"url\":");
    jsonwrite_string(out, buffer_bytes(&url));
    buffer_deinit(&url);
    buffer_printf(out, ",\"state\":\"%s\",\"queue_events\":%zu,\"queue_bytes\":%zu",
                  state_of(target), target->queue_count + target->batch.count,
                  target->queue_bytes + target->batch.body.len);
    buffer_printf(out, ",\"age_ms\":%llu,\"last_status\":%u,\"last_ms\":%llu",
                  (unsigned long long)webhook_target_age_ms(target, now_ms), target->last_status,
                  (unsigned long long)target->last_ms);
    buffer_printf(out, ",\"delivered\":%llu,\"failed_attempts\":%llu,\"dropped\":%llu",
                  (unsigned long long)target->delivered_count,
                  (unsigned long long)target->failed_count,
                  (unsigned long long)target->full_count + target->expired_count);
    buffer_append_text(out, ",\"reason\":");
    jsonwrite_string(out, bytes_of(target->last_reason));
    buffer_append_char(out, '}');
}

void webhook_status_write(struct webhook *webhook, struct buffer *out)
{
    struct writing writing = {.out = out};

    buffer_append_text(out, "{\"webhooks\":[");
    webhook_visit(webhook, write_target, &writing);
    buffer_printf(out, "],\"overflow\":%llu}",
                  (unsigned long long)webhook_intake_overflow_count(webhook_intake(webhook)));
}
