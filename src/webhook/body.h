/* The JSON that is sent to a receiver, and its headers. Pusher Channels, "Webhooks"; Standard
 * Webhooks for `webhook-id` and `webhook-timestamp`.
 *
 * Thread: any.
 */
#pragma once

#include "base/buffer.h"
#include "base/digest.h"
#include "webhook/change.h"

/* `{"name":"channel_occupied","channel":…,"time_ms":…,"id":…,"sequence":…}`. */
void webhook_body_event(struct buffer *out, const struct webhook_change *change, uint64_t sequence);

/* A body is begun, its events are appended with a comma between two, and it is ended. `source`:
 * whose sequence the numbers are of. */
void webhook_body_begin(struct buffer *out, const char *source);
void webhook_body_end(struct buffer *out);

/* The headers of one request, each "Name: value"; NULL-terminated, for the caller to free by
 * webhook_body_free_headers(). `id`: the same for each attempt to send the body. */
char **webhook_body_headers(const struct config_webhook *webhook, struct bytes key,
                            struct bytes secret, struct bytes body, const char *id);
void webhook_body_free_headers(char **headers);

/* A body of two events as an example: of a channel that is occupied and vacated. */
void webhook_body_example(struct buffer *out, struct bytes app_id);
