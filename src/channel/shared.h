/* Which subscriptions are shared: their subscriber has another one. Only to receivers without any
 * may a run be sent before others that were begun earlier: channel/fanout.c.
 *
 * Thread: owner, of whose index `worker` is.
 */
#pragma once

#include "channel/subscription.h"

/* The subscription has become active. */
void channel_shared_note_another(struct channel_subscription *subscription, size_t worker);

/* It ends. */
void channel_shared_note_one_less(struct channel_subscription *subscription, size_t worker);
