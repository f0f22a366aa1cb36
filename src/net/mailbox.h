/* How one worker tells another something: a queue with many senders and one reader.
 *
 * Order: what was posted before (in the sense of happened-before, over any threads) is delivered
 * before. This is what keeps two events of one publisher in order although they met two workers.
 *
 * Thread: NET_MAILBOX_POST() any; everything else the owner.
 * Life: a mail belongs to the mailbox from its post to its delivery, where its function frees it.
 */
#pragma once

#include "base/move.h"
#include "net/mail.h"
#include "net/watermark.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

/* More than this waiting says that the owner cannot keep up: whoever has a choice stops posting. */
#define NET_MAILBOX_BYTES_MAX ((size_t)64 * 1024 * 1024)
/* Beyond this, whose bytes make a worker post is not read from (net/watermark.h). */
#define NET_MAILBOX_BYTES_HIGH ((size_t)4 * 1024 * 1024)
/* What a mail counts beside its `bytes`. */
#define NET_MAILBOX_MAIL_BYTES 256

struct net_mailbox {
    _Atomic(struct net_mail *) newest;
    struct net_watermark watermark;
    void *owner; /* handed to each delivery */
    bool is_draining;
    uv_async_t wake;
};

int net_mailbox_open(struct net_mailbox *mailbox, uv_loop_t *loop, void *owner);

/* Delivers nothing more, frees nothing: what is left in it is delivered first. */
void net_mailbox_close(struct net_mailbox *mailbox);

/* Posts the struct whose member `mail` is the mail: `letter`, a variable that points to it, is NULL
 * afterwards, as the owner may have freed it already. */
#define NET_MAILBOX_POST(mailbox, letter)                \
    do {                                                 \
        struct net_mailbox *const mailbox_ = (mailbox);  \
                                                         \
        net_mailbox_post(mailbox_, &MOVE(letter)->mail); \
    } while (0)

/* For NET_MAILBOX_POST() alone. */
void net_mailbox_post(struct net_mailbox *mailbox, struct net_mail *mail);

/* Delivers all that was posted before it was called, and not what is posted meanwhile: so nobody
 * keeps it for ever. Called within a delivery it does nothing: what waits is delivered after, in
 * its turn. */
void net_mailbox_drain(struct net_mailbox *mailbox);

/* The owner only: whether nothing waits, and nothing is being delivered. Others may post meanwhile.
 */
bool net_mailbox_is_idle(const struct net_mailbox *mailbox);

bool net_mailbox_is_full(struct net_mailbox *mailbox);
