/* A run: what one turn of the loop publishes to the receivers that one worker has in a channel. Its
 * frames are made once, end to end, and sent by reference to whoever hears all of them, or the rest
 * from some message on. For channel/fanout.c alone.
 *
 * Receivers are told apart by their place among the worker's, where newcomers come last. Nobody
 * leaves that order while the run is there, but as channel_run_lose_receiver() allows.
 *
 * Thread: owner. Memory: a run holds references to its channel and messages; subscriptions that
 * skip a message are borrowed.
 */
#pragma once

#include "channel/subscription.h"
#include "ws/message.h"

struct channel_run_skip;
struct channel_run_newcomers;

/* All messages in one form. */
struct channel_run_frames {
    struct net_chunk *all;
    uint32_t *starts; /* where each message begins; NULL until somebody hears a part of them */
};

struct channel_run {
    struct channel_run *next; /* the fan-out's */
    struct channel *channel;
    struct ws_message **messages;
    size_t messages_count;
    size_t messages_cap;
    uint32_t receivers_count; /* who were there at the last message */
    struct channel_run_newcomers *newcomers;
    size_t newcomers_count;
    size_t newcomers_cap;
    struct channel_run_skip *skips;
    size_t skips_count;
    size_t skips_cap;
    struct channel_run_frames frames[WS_DEFLATE_FORMS_COUNT];
};

struct channel_run *channel_run_new(struct channel *channel);
void channel_run_free(struct channel_run *run);

/* Adds a message for the first `receivers_count` receivers but `skipping` (NULL: for all). */
void channel_run_add(struct channel_run *run, struct ws_message *message, uint32_t receivers_count,
                     struct channel_subscription *skipping);

/* One of `receivers_count` goes and the last takes its place: whether that changes nothing for the
 * others. False: the run must be sent first. */
bool channel_run_lose_receiver(struct channel_run *run, uint32_t receivers_count);

/* Sets or clears `is_skipping` of those that skip a message. */
void channel_run_mark_skipping(const struct channel_run *run, bool is_skipping);

/* The first message that the receiver hears. `*group` begins as 0 and is kept from one receiver to
 * the next, which are asked for in their order. */
size_t channel_run_first(const struct channel_run *run, uint32_t receiver, size_t *group);

/* For channel_run_frames(). */
struct net_chunk *channel_run_make_frames(struct channel_run *run, enum ws_deflate_form form,
                                          struct ws_deflate *deflate);

/* The frames of all messages, borrowed. */
static inline struct net_chunk *channel_run_frames(struct channel_run *run,
                                                   enum ws_deflate_form form,
                                                   struct ws_deflate *deflate)
{
    struct net_chunk *all = run->frames[form].all;

    return all != NULL ? all : channel_run_make_frames(run, form, deflate);
}

/* Where in them a message begins. */
size_t channel_run_start(struct channel_run *run, size_t message, enum ws_deflate_form form,
                         struct ws_deflate *deflate);

/* Those from `first` on that a subscription which skips some is sent, the caller's; NULL where none
 * is left. */
struct net_chunk *channel_run_frames_for(const struct channel_run *run, size_t first,
                                         const struct channel_subscription *subscription,
                                         enum ws_deflate_form form, struct ws_deflate *deflate);

/* Whether there is a message at or behind `*message` that the subscription is sent: sets it to the
 * first one. `*skip` begins as 0 and is kept from one to the next. */
bool channel_run_next(const struct channel_run *run,
                      const struct channel_subscription *subscription, size_t *message,
                      size_t *skip);
