/* The busiest channels: how many events were published to each while somebody looks (the console).
 * A sketch of bounded size, not a map of all channels: the Space-Saving algorithm (Metwally,
 * Agrawal, El Abbadi 2005). A count may include those of channels that had its place before; the
 * busiest ones are never missed. While nobody looks, an event costs one comparison more.
 *
 * Thread: workers call the observers; observer_busy_write(): main.
 */
#pragma once

#include "base/buffer.h"
#include "pusher/apps.h"
#include "pusher/observers.h"

struct observer_busy;

struct observer_busy *observer_busy_new(void);
void observer_busy_free(struct observer_busy *busy); /* NULL is fine */

/* The observers that the workers notify; they pass each event on to `next`. */
const struct pusher_observers *observer_busy_listen(struct observer_busy *busy,
                                                    const struct pusher_observers *next);

/* Appends a JSON array, the busiest first: {"app":"1","channel":"a","events":7,"per_second":0.7,
 * "subscribers":3}. Counts from the first call on, until nobody has called for a while. */
void observer_busy_write(struct observer_busy *busy, struct pusher_apps *apps, struct buffer *out);

/* Ends the counting if nobody looks any more: now and then. Main. */
void observer_busy_rest(struct observer_busy *busy);
