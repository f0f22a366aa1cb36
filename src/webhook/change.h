/* Something that has happened in a channel and that webhooks may be sent.
 *
 * Thread: that of whoever made it, until webhook_take(); then the webhooks' own.
 * Life: counted; the last reference reports to the cluster, if the change came from there, that it
 * need not be kept any more.
 */
#pragma once

#include "base/bytes.h"
#include "config/config.h"

/* "0-1700000000000-0", or a source and a number. */
#define WEBHOOK_CHANGE_ID_LEN_MAX 64

struct webhook_change;

/* Notified when the last reference to a change of the cluster has gone. */
struct webhook_change_owner {
    void (*on_done)(size_t link, struct bytes stream_id, void *user);
    void *user;
};

struct webhook_change {
    struct webhook_change *next; /* in the intake */
    unsigned refs;
    enum config_webhook_kind kind;
    uint64_t time_ms;                         /* Unix time */
    char id[WEBHOOK_CHANGE_ID_LEN_MAX];       /* the same whoever sends it, however often */
    const struct webhook_change_owner *owner; /* NULL: it happened on this node */
    size_t link;
    bool is_abandoned;
    bool is_certain; /* sent whatever the receiver knows already: neither smoothed nor cancelled */
    size_t stream_id_at; /* where the cluster's id begins in `id` */
    size_t app_id_len;
    size_t channel_len;
    size_t user_id_len;
    size_t members_len;
    char texts[];
};

/* What a change is made of; borrowed. */
struct webhook_change_parts {
    struct bytes app_id;
    struct bytes channel;
    struct bytes user_id; /* of a member */
    struct bytes members; /* of its JSON object, beyond name and channel: `,"key":value…` */
};

/* With one reference. Its time is now, its id is empty. */
struct webhook_change *webhook_change_new(enum config_webhook_kind kind,
                                          const struct webhook_change_parts *parts);

/* Another node sends it: its owner is not notified. */
void webhook_change_abandon(struct webhook_change *change);

struct webhook_change *webhook_change_ref(struct webhook_change *change);
void webhook_change_unref(struct webhook_change *change);

struct bytes webhook_change_app_id(const struct webhook_change *change);
struct bytes webhook_change_channel(const struct webhook_change *change);
struct bytes webhook_change_user_id(const struct webhook_change *change);
struct bytes webhook_change_members(const struct webhook_change *change);

/* Unix time in ms. */
uint64_t webhook_change_now_ms(void);
