#include "channel/joining.h"

#include "base/mem.h"
#include "base/move.h"
#include "channel/registry.h"

#include <string.h>

/* A mail marks the newcomer's place in the order of the channel's changes. The snapshot, written
 * under the state lock when that mail is posted, contains every change before it: the newcomer does
 * not receive those. */

/* A snapshot larger than this is shared by all that join in a turn. */
#define SMALL_BYTES 16384
/* The bytes of all welcomes in one turn; the other newcomers wait for the next. */
#define WELCOMES_BYTES_A_TURN ((size_t)16 * 1024 * 1024)

struct joiner {
    struct ws_conn *conn; /* only compared: it may be gone */
    uint32_t token;
};

struct channel_joining_group {
    struct channel_joining_group *next;
    struct channel *channel; /* a reference */
    struct joiner *joiners;  /* the one that waits longest first */
    size_t count;
    size_t cap;
};

struct activation_mail {
    struct net_mail mail;
    struct channel_fanout *fanout;
    struct channel *channel;
    struct ws_message *welcome;
    struct ws_message *cached;
    size_t count;
    struct joiner joiners[];
};

static void on_activation_mail(struct net_mail *mail, void *owner)
{
    struct activation_mail *activation = (struct activation_mail *)mail;
    struct channel_fanout *fanout = activation->fanout;

    (void)owner;
    for (size_t i = 0; i < activation->count; i++) {
        const struct joiner *joiner = &activation->joiners[i];
        struct channel_subscription *subscription =
            channel_fanout_find(fanout, joiner->conn, activation->channel);

        if (subscription != NULL && subscription->token == joiner->token &&
            !subscription->is_active)
            channel_fanout_activate(fanout, subscription, activation->welcome, activation->cached);
    }
    ws_message_unref(activation->welcome);
    ws_message_unref(activation->cached);
    channel_unref(activation->channel);
    free(activation);
}

/* Under the state lock: posts the activation of as many joiners as `*bytes_left` allows, at least
 * one; returns their number. */
static size_t post(struct channel_joining *joining, struct channel *channel,
                   const struct joiner *joiners, size_t count, size_t *bytes_left)
{
    struct activation_mail *activation;
    struct ws_message *welcome;
    struct ws_message *cached;
    size_t len;

    joining->write(joining->user, channel, &welcome, &cached);
    len = ws_message_text(welcome).len + 1;
    if (count > *bytes_left / len)
        count = *bytes_left / len > 0 ? *bytes_left / len : 1;
    *bytes_left -= count * len < *bytes_left ? count * len : *bytes_left;
    activation = mem_new(sizeof *activation + count * sizeof *joiners);
    activation->mail.deliver = on_activation_mail;
    activation->fanout = joining->fanout;
    activation->channel = channel_ref(channel);
    activation->welcome = MOVE(welcome);
    activation->cached = MOVE(cached);
    activation->count = count;
    memcpy(activation->joiners, joiners, count * sizeof *joiners);
    NET_MAILBOX_POST(&joining->fanout->loop->mailbox, activation);
    return count;
}

/* --- later ---------------------------------------------------------------------------------- */

static struct channel_joining_group *group_of(struct channel_joining *joining,
                                              struct channel *channel)
{
    struct channel_joining_group *group = joining->groups;

    while (group != NULL && group->channel != channel)
        group = group->next;
    if (group != NULL)
        return group;
    group = mem_new(sizeof *group);
    group->channel = channel_ref(channel);
    group->next = joining->groups;
    joining->groups = group;
    return group;
}

static void group_free(struct channel_joining_group *group)
{
    channel_unref(group->channel);
    free(group->joiners);
    free(group);
}

static void add_later(struct channel_joining *joining, struct channel *channel,
                      struct joiner joiner)
{
    struct channel_joining_group *group = group_of(joining, channel);

    group->joiners = mem_room(group->joiners, group->count, &group->cap, sizeof *group->joiners);
    group->joiners[group->count++] = joiner;
}

/* False if some of the group wait for the next turn. */
static bool welcome_group(struct channel_joining *joining, struct channel_joining_group *group,
                          size_t *bytes_left)
{
    size_t count;

    channel_registry_lock_state(group->channel);
    count = post(joining, group->channel, group->joiners, group->count, bytes_left);
    channel_registry_unlock_state(group->channel);
    group->count -= count;
    memmove(group->joiners, group->joiners + count, group->count * sizeof *group->joiners);
    return group->count == 0;
}

void channel_joining_end_turn(struct channel_joining *joining)
{
    size_t bytes_left = WELCOMES_BYTES_A_TURN;
    struct channel_joining_group *waiting = NULL;
    struct channel_joining_group *group = MOVE(joining->groups);

    if (group == NULL)
        return;
    while (group != NULL) {
        struct channel_joining_group *next = group->next;

        if (bytes_left > 0 && welcome_group(joining, group, &bytes_left)) {
            group_free(group);
        } else {
            group->next = waiting;
            waiting = group;
        }
        group = next;
    }
    joining->groups = waiting;
    if (waiting != NULL)
        net_loop_come_back(joining->fanout->loop);
    channel_joining_catch_up(joining);
}

/* --- now ------------------------------------------------------------------------------------ */

bool channel_joining_is_large(const struct channel *channel)
{
    return channel->presence != NULL &&
           channel_presence_snapshot_len(channel->presence) > SMALL_BYTES;
}

void channel_joining_add(struct channel_joining *joining, struct channel_subscription *subscription)
{
    struct channel *channel = subscription->channel;
    const struct joiner joiner = {subscription->subscriber->conn, subscription->token};
    size_t bytes_left = SIZE_MAX;

    if (channel_joining_is_large(channel))
        add_later(joining, channel, joiner);
    else
        post(joining, channel, &joiner, 1, &bytes_left);
}

void channel_joining_catch_up(struct channel_joining *joining)
{
    net_mailbox_drain(&joining->fanout->loop->mailbox);
}

void channel_joining_deinit(struct channel_joining *joining)
{
    while (joining->groups != NULL) {
        struct channel_joining_group *group = joining->groups;

        joining->groups = group->next;
        group_free(group);
    }
}
