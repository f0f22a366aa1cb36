/* A run: queued events for the receivers that one worker has in a channel. Its frames are made
 * once, end to end, and sent by reference to each receiver: all of them, or those from some message
 * on. For channel/fanout.c alone.
 *
 * Thread: owner. Memory: a run holds references to its channel and messages; subscriptions that
 * skip a message are borrowed: channel_run_forget() them.
 */
#pragma once

#include "channel/subscription.h"
#include "ws/message.h"

struct channel_run_skip;

/* The frames of all messages in one form. */
struct channel_run_frames {
    struct net_chunk *all;
    uint32_t *starts; /* where each message begins; NULL until a receiver is sent only a part */
};

struct channel_run {
    struct channel_run *next; /* the fan-out's */
    struct channel *channel;
    struct ws_message **messages;
    size_t messages_count;
    size_t messages_cap;
    size_t waiting_bytes; /* for all receivers: counted in the fan-out's watermark */
    size_t bytes;         /* of all messages, uncompressed */
    size_t text_bytes;    /* the same without frames */
    uint64_t first;       /* the number of its first message in the receivers' sequence */
    bool is_begun;        /* sending has begun */
    bool is_closed;       /* a receiver was sent it: no event may join it any more */
    struct channel_run_skip *skips;
    size_t skips_count;
    size_t skips_cap;
    struct channel_run_frames frames[WS_DEFLATE_FORMS_COUNT];
};

struct channel_run *channel_run_new(struct channel *channel, uint64_t first);
void channel_run_free(struct channel_run *run);

/* Adds a message for all receivers except `skipping` (NULL: for all). */
void channel_run_add(struct channel_run *run, struct ws_message *message,
                     struct channel_subscription *skipping);

/* Removes the skips of a subscription that leaves. */
void channel_run_forget(struct channel_run *run, struct channel_subscription *subscription);

/* Sets or clears `is_skipping` of the subscriptions that skip a message. */
void channel_run_mark_skipping(const struct channel_run *run, bool is_skipping);

/* The first message that the receiver is sent; `messages_count` if it is sent none. */
static inline size_t channel_run_first(const struct channel_run *run,
                                       const struct channel_subscription *subscription)
{
    const uint64_t from = subscription->from > run->first ? subscription->from - run->first : 0;

    return from < run->messages_count ? from : run->messages_count;
}

/* For channel_run_frames() alone. */
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

/* The offset in the frames at which a message begins. */
size_t channel_run_start(struct channel_run *run, size_t message, enum ws_deflate_form form,
                         struct ws_deflate *deflate);

/* The frames from message `first` on, without those that the subscription skips; the caller owns
 * the chunk. NULL if no frame is left. */
struct net_chunk *channel_run_frames_for(const struct channel_run *run, size_t first,
                                         const struct channel_subscription *subscription,
                                         enum ws_deflate_form form, struct ws_deflate *deflate);

/* Advances `*message` to the first message from there on that the subscription is sent; false if
 * there is none. `*skip` is 0 for the first call and kept from one call to the next. */
bool channel_run_next(const struct channel_run *run,
                      const struct channel_subscription *subscription, size_t *message,
                      size_t *skip);
