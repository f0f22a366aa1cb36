/* Publishes a message to a channel: adds it to the fan-out of this worker, and posts it to the
 * mailboxes of the other workers that have subscribers.
 */
#pragma once

#include "channel/fanout.h"

/* Sends `message` to the channel's subscribers on all workers, except the connection with socket
 * id `except` (0: no exception). */
void channel_publish(struct channel_fanout *fanout, struct channel *channel,
                     struct ws_message *message, uint64_t except);

/* The same for a message that must keep its order with changes of the channel's state: the caller
 * holds the state lock, and all workers receive it by mail. Thread: any, also of no worker. */
void channel_publish_in_order(const struct channel_fanout_set *fanouts, struct channel *channel,
                              struct ws_message *message, uint64_t except);

/* The same for a text, which it encodes as a message. */
void channel_publish_text_in_order(const struct channel_fanout_set *fanouts,
                                   struct channel *channel, struct bytes text);

/* Whether another worker is so far behind that nothing more should be published to channels which
 * it has subscribers of; whether it has any of this one. */
bool channel_publish_is_any_full(const struct channel_fanout *fanout, size_t workers_count);
bool channel_publish_is_overloaded(const struct channel_fanout *fanout,
                                   const struct channel *channel);
