/* An app's webhooks: `webhooks` in the app's entry, one or a list, or REVERB_WEBHOOK_URL and
 * REVERB_WEBHOOK_EVENTS.
 *
 * Thread: main.
 * Errors: each mistake is a line.
 */
#pragma once

#include "config/input.h"

/* Fills `app->webhooks`. `scope`: the app's. */
bool config_webhook_load(struct config_app *app, const struct config_input *input,
                         const struct config_input_scope *scope, struct buffer *error,
                         struct buffer *warnings);

void config_webhook_free_all(struct config_app *app);

/* Deep: the copy owns what it points to. */
void config_webhook_copy(struct config_webhook *copy, const struct config_webhook *webhook);
void config_webhook_deinit(struct config_webhook *webhook);

/* Whether the webhook is sent events of channels of that name. */
bool config_webhook_matches(const struct config_webhook *webhook, struct bytes channel);

/* The URL for logs and people: without a password and a query. */
void config_webhook_print_url(const char *text, struct buffer *out);

/* Whether its events go to the `php artisan reverb:start` that has started the server. */
bool config_webhook_is_artisan(const struct config_webhook *webhook);

/* The webhooks of the entry, a list that the caller releases: one object is a list of one. */
json_t *config_webhook_list(const json_t *webhooks);
