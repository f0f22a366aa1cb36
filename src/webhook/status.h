/* How the webhooks are, as JSON: for `reverb webhooks`.
 *
 * Thread: any.
 */
#pragma once

#include "webhook/webhook.h"

/* `{"webhooks":[{"app":…,"url":…,"state":…,…}],"overflow":…}`; `overflow`: changes that no webhook
 * was offered, because too many came at once. */
void webhook_status_write(struct webhook *webhook, struct buffer *out);
