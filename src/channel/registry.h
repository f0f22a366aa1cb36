/* The channels of one app by name, shared by all workers.
 *
 * Two kinds of lock, both striped, held briefly and never while sending: the registry's shard locks
 * guard the list of channels and their subscription counts; a channel's state lock guards its
 * members and its cached event. A thread that changes a channel's state posts the change to the
 * workers' mailboxes before it releases the state lock: so all workers receive changes in the order
 * in which they happened.
 *
 * Thread: any; new and free main.
 */
#pragma once

#include "channel/channel.h"
#include "metrics/app.h"

struct channel_registry;

/* With `has_kinds` a name's prefix determines the channel's kind; otherwise all are public. */
struct channel_registry *channel_registry_new(size_t workers_count, bool has_kinds);

/* No channel of it is in use any more. */
void channel_registry_free(struct channel_registry *registry);

/* Calls `on_change`, under the shard lock, when a channel gets its first subscription and when it
 * loses its last. Before the registry is shared. */
void channel_registry_watch(struct channel_registry *registry,
                            void (*on_change)(struct channel *channel, bool is_occupied,
                                              void *user),
                            void *user);

/* Calls `on_count`, under the shard lock, for each new (1) or ended (-1) subscription of a channel,
 * in order. Before the registry is shared. */
void channel_registry_count_for(struct channel_registry *registry,
                                void (*on_count)(struct channel *channel, int change, void *user),
                                void *user);

/* Counts what is sent to subscribers in `metrics`, an array with one element a worker; the caller
 * keeps it. Before the registry is shared. */
void channel_registry_count_into(struct channel_registry *registry, struct metrics_app *metrics);

/* Each channel counts in `owner_refs` until it is freed, which may be after it was unlisted: the
 * registry and its owner must not be freed before. Before the registry is shared. */
void channel_registry_count_refs_in(struct channel_registry *registry, atomic_size_t *owner_refs);

/* The worker's counters; NULL if nothing is counted. */
struct metrics_app *channel_registry_metrics(const struct channel_registry *registry,
                                             size_t worker);

/* The channel of that name, a reference for the caller; NULL if it has neither a subscription nor a
 * cached event. */
struct channel *channel_registry_find(struct channel_registry *registry, struct bytes name);

/* Counts a new subscription on that worker; returns the channel, with a reference for the caller.
 * `is_first`: the channel had no subscription before. */
struct channel *channel_registry_join(struct channel_registry *registry, struct bytes name,
                                      size_t worker, bool *is_first);

/* Counts an ended subscription on that worker; `is_last_of_worker`: it was the worker's last in the
 * channel. True if it was the channel's last. The caller keeps its reference. */
bool channel_registry_leave(struct channel *channel, size_t worker, bool is_last_of_worker);

void channel_registry_lock_state(struct channel *channel);
void channel_registry_unlock_state(struct channel *channel);

/* Finds or makes a cache channel and caches `event` until `expires_ms`. Returns the channel, with a
 * reference for the caller and its state locked. */
struct channel *channel_registry_lock_and_cache(struct channel_registry *registry,
                                                struct bytes name, struct ws_message *event,
                                                uint64_t expires_ms);

/* Drops the cached event; under the state lock. */
void channel_registry_forget_cached(struct channel *channel);

/* The cached event, a reference for the caller, and how long it stays valid; NULL if there is none.
 * Under the state lock. */
struct ws_message *channel_registry_cached(struct channel *channel, uint64_t now_ms,
                                           uint64_t *ttl_ms);

/* Drops the cached events that have expired. */
void channel_registry_expire(struct channel_registry *registry, uint64_t now_ms);

/* The number of the registry's parts; a channel never changes its part. */
#define CHANNEL_REGISTRY_PARTS_COUNT 64

/* Appends pointers (struct channel *, each a reference for the caller) to the channels of that part
 * that have subscriptions and whose name begins with `prefix`. */
void channel_registry_collect(struct channel_registry *registry, size_t part, struct bytes prefix,
                              struct buffer *channels);

/* How many channels have subscribers; of one kind (channel_kind_number()). */
size_t channel_registry_count(struct channel_registry *registry);
size_t channel_registry_count_of_kind(struct channel_registry *registry, unsigned kind);
