/* A worker's queue of mails from other threads: many senders, one reader.
 *
 * Order: a mail that was posted before another (in the sense of happened-before, over any threads)
 * is delivered before it. This keeps two events of one publisher in order although they passed
 * through two workers.
 *
 * Thread: NET_MAILBOX_POST() any; everything else the owner.
 * Life: the mailbox owns a mail from its post to its delivery, when its function frees it.
 */
#pragma once

#include "base/move.h"
#include "net/mail.h"
#include "net/poller.h"
#include "net/watermark.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

/* If more than this waits, the owner cannot keep up: optional mails are not posted any more. */
#define NET_MAILBOX_BYTES_MAX ((size_t)64 * 1024 * 1024)
/* If more than this waits, connections whose input causes posts are not read (net/watermark.h). */
#define NET_MAILBOX_BYTES_HIGH ((size_t)4 * 1024 * 1024)
/* Each mail counts as this much more than its `bytes`. */
#define NET_MAILBOX_MAIL_BYTES 256

struct net_mailbox {
    _Atomic(struct net_mail *) newest;
    struct net_watermark watermark;
    void *owner; /* handed to each delivery */
    bool is_draining;
    size_t holds_count;
    uv_async_t wake; /* unless it has a poller */
#if NET_POLLER_EPOLL
    struct net_poller *poller; /* NULL: none */
    struct net_poller_watch watch;
    int wake_fd;
    _Atomic(const void *) reader; /* the thread whose posts do not wake it; NULL: none */
#endif
};

int net_mailbox_open(struct net_mailbox *mailbox, uv_loop_t *loop, void *owner);

/* The same for a loop with a poller, which wakes it with less work than libuv. To be closed before
 * the poller. */
int net_mailbox_open_on(struct net_mailbox *mailbox, struct net_poller *poller, void *owner);

/* Between the two the calling thread promises to drain the mailbox before each time that it waits:
 * what it posts itself need not wake it. */
void net_mailbox_begin_reading(struct net_mailbox *mailbox);
void net_mailbox_end_reading(struct net_mailbox *mailbox);

/* Delivers what is left, and nothing after that. */
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

/* Delivers what was posted before the call, and not what is posted meanwhile, so that it ends.
 * Within a delivery it does nothing: the waiting mails follow in their order. */
void net_mailbox_drain(struct net_mailbox *mailbox);

/* Nothing is delivered until the release that follows each hold, and then when it is drained again.
 */
void net_mailbox_hold(struct net_mailbox *mailbox);
void net_mailbox_release(struct net_mailbox *mailbox);

/* Whether nothing waits and nothing is being delivered. Other threads may post meanwhile. */
bool net_mailbox_is_idle(const struct net_mailbox *mailbox);

bool net_mailbox_is_full(struct net_mailbox *mailbox);
