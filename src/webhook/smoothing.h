/* Leaving that may be cancelled: a vacated channel, or a removed member, is reported only if it has
 * not come back within a time. Pusher Channels, "Webhooks".
 *
 * Thread: owner.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "webhook/change.h"

struct webhook_smoothing {
    struct map by_place;  /* channel, and member */
    struct list in_order; /* the first to be due in front */
    size_t bytes;
};

void webhook_smoothing_init(struct webhook_smoothing *smoothing);

/* Forgets what waits. */
void webhook_smoothing_deinit(struct webhook_smoothing *smoothing);

bool webhook_smoothing_is_leaving(enum config_webhook_kind kind);
bool webhook_smoothing_is_coming(enum config_webhook_kind kind);

/* A channel or a member has gone; it is due at that time. Takes a reference of its own, or none if
 * its leaving waits already. */
void webhook_smoothing_add(struct webhook_smoothing *smoothing, struct webhook_change *change,
                           uint64_t due_ms);

/* If the leaving of the change's channel or member waits, it is cancelled. Returns whether it was.
 */
bool webhook_smoothing_cancel(struct webhook_smoothing *smoothing,
                              const struct webhook_change *change);

/* The first that is due, with its reference; NULL if none is. */
struct webhook_change *webhook_smoothing_next(struct webhook_smoothing *smoothing, uint64_t now_ms);

/* When the first will be due; UINT64_MAX: none waits. */
uint64_t webhook_smoothing_due_ms(const struct webhook_smoothing *smoothing);

/* Forgets the changes of that link of the cluster. */
void webhook_smoothing_forget_link(struct webhook_smoothing *smoothing, size_t link);
