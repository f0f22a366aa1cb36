/* The channels of one app by their name, shared by all workers.
 *
 * Two kinds of lock, both in stripes, both held for moments only and never while sending: the
 * registry's own over which channels there are and who subscribes, and the channel's state lock
 * over its members and its last event. Whoever changes a channel's state tells the workers (posts
 * to their mailboxes) before letting the state lock go: so all workers hear of changes in the one
 * order in which they happened.
 *
 * Thread: any; new and free main.
 */
#pragma once

#include "channel/channel.h"
#include "metrics/app.h"

struct channel_registry;

/* With `has_kinds` a name's prefix says what its channel can do; without, all are public ones. */
struct channel_registry *channel_registry_new(size_t workers_count, bool has_kinds);

/* When no worker runs any more. */
void channel_registry_free(struct channel_registry *registry);

/* Calls `on_change`, under the registry's lock, where a channel gets its first subscription and
 * where it has lost its last. Before the registry is shared. */
void channel_registry_watch(struct channel_registry *registry,
                            void (*on_change)(struct channel *channel, bool is_occupied,
                                              void *user),
                            void *user);

/* Calls `on_count`, under the registry's lock, for each subscription more (1) or less (-1): in the
 * order in which they happen. Before the registry is shared. */
void channel_registry_count_for(struct channel_registry *registry,
                                void (*on_count)(struct channel *channel, int change, void *user),
                                void *user);

/* What is sent to subscribers is counted there, an element for each worker; the array stays the
 * caller's. Before the registry is shared. */
void channel_registry_count_into(struct channel_registry *registry, struct metrics_app *metrics);

/* What that worker counts; NULL if nothing is counted. */
struct metrics_app *channel_registry_metrics(const struct channel_registry *registry,
                                             size_t worker);

/* The channel of that name, a reference for the caller; NULL where nobody is subscribed and nothing
 * is kept. */
struct channel *channel_registry_find(struct channel_registry *registry, struct bytes name);

/* One subscription more on that worker; answers the channel with a reference for the caller.
 * `is_first`: nobody was subscribed before. */
struct channel *channel_registry_join(struct channel_registry *registry, struct bytes name,
                                      size_t worker, bool *is_first);

/* One subscription less on that worker, `is_last_of_worker` says whether its last. True where it
 * was the channel's last of all. The caller keeps its reference. */
bool channel_registry_leave(struct channel *channel, size_t worker, bool is_last_of_worker);

void channel_registry_lock_state(struct channel *channel);
void channel_registry_unlock_state(struct channel *channel);

/* Finds or makes a cache channel, keeps `event` as its last one until `expires_ms`, and answers it
 * with a reference and with its state locked. */
struct channel *channel_registry_lock_and_cache(struct channel_registry *registry,
                                                struct bytes name, struct ws_message *event,
                                                uint64_t expires_ms);

/* Keeps no event any more; under the state lock. */
void channel_registry_forget_cached(struct channel *channel);

/* The last event, a reference for the caller, and how long it stays; NULL where there is none.
 * Under the state lock. */
struct ws_message *channel_registry_cached(struct channel *channel, uint64_t now_ms,
                                           uint64_t *ttl_ms);

/* Lets go of what has expired. */
void channel_registry_expire(struct channel_registry *registry, uint64_t now_ms);

/* The registry has so many parts; a channel stays in its own. */
#define CHANNEL_REGISTRY_PARTS_COUNT 64

/* Appends pointers to all channels of that part which somebody is subscribed to and whose name
 * begins with `prefix`: struct channel *, each a reference for the caller. */
void channel_registry_collect(struct channel_registry *registry, size_t part, struct bytes prefix,
                              struct buffer *channels);

/* How many channels have subscribers. */
size_t channel_registry_count(struct channel_registry *registry);
