#include "webhook/body.h"

#include "base/jsonwrite.h"
#include "base/mem.h"
#include "config/setting.h"

#include <stdio.h>

/* Those of the server, and the NULL. */
#define OWN_HEADERS_COUNT 6

void webhook_body_event(struct buffer *out, const struct webhook_change *change, uint64_t sequence)
{
    buffer_printf(out, "{\"name\":\"%s\",\"channel\":", config_setting_webhook_kinds[change->kind]);
    jsonwrite_string(out, webhook_change_channel(change));
    buffer_append_bytes(out, webhook_change_members(change));
    buffer_printf(out, ",\"time_ms\":%llu,\"id\":\"%s\",\"sequence\":%llu}",
                  (unsigned long long)change->time_ms, change->id, (unsigned long long)sequence);
}

void webhook_body_begin(struct buffer *out, const char *source)
{
    buffer_printf(out, "{\"time_ms\":%llu,\"source\":\"%s\",\"events\":[",
                  (unsigned long long)webhook_change_now_ms(), source);
}

void webhook_body_end(struct buffer *out)
{
    buffer_append_text(out, "]}");
}

static char *header(const char *name, struct bytes value)
{
    struct buffer line = {0};
    char *copy;

    buffer_printf(&line, "%s: %.*s", name, BYTES_ARGS(value));
    copy = bytes_copy(buffer_bytes(&line));
    buffer_deinit(&line);
    return copy;
}

char **webhook_body_headers(const struct config_webhook *webhook, struct bytes key,
                            struct bytes secret, struct bytes body, const char *id)
{
    char **headers = mem_new((webhook->headers_count + OWN_HEADERS_COUNT) * sizeof *headers);
    char signature[DIGEST_SHA256_HEX_LEN];
    char timestamp[24];
    size_t count = 0;

    digest_hmac_sha256(secret, body, signature);
    snprintf(timestamp, sizeof timestamp, "%llu",
             (unsigned long long)(webhook_change_now_ms() / 1000));
    headers[count++] = header("Content-Type", BYTES("application/json"));
    headers[count++] = header("X-Pusher-Key", key);
    headers[count++] = header("X-Pusher-Signature", (struct bytes){signature, sizeof signature});
    headers[count++] = header("webhook-id", bytes_of(id));
    headers[count++] = header("webhook-timestamp", bytes_of(timestamp));
    for (size_t i = 0; i < webhook->headers_count; i++)
        headers[count++] = bytes_copy(bytes_of(webhook->headers[i]));
    headers[count] = NULL;
    return headers;
}

void webhook_body_free_headers(char **headers)
{
    for (size_t i = 0; headers != NULL && headers[i] != NULL; i++)
        free(headers[i]);
    free(headers);
}

void webhook_body_example(struct buffer *out, struct bytes app_id)
{
    static const enum config_webhook_kind kinds[] = {CONFIG_WEBHOOK_CHANNEL_OCCUPIED,
                                                     CONFIG_WEBHOOK_CHANNEL_VACATED};
    const struct webhook_change_parts parts = {.app_id = app_id, .channel = BYTES("webhook-test")};

    webhook_body_begin(out, "test");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct webhook_change *change = webhook_change_new(kinds[i], &parts);

        snprintf(change->id, sizeof change->id, "test-%llu-%zu",
                 (unsigned long long)change->time_ms, i + 1);
        if (i > 0)
            buffer_append_char(out, ',');
        webhook_body_event(out, change, i + 1);
        webhook_change_unref(change);
    }
    webhook_body_end(out);
}
