/* What one worker sends to another: the head of whatever struct it stands in (net/mailbox.h).
 *
 * Thread: the sender's until it is posted, then the receiver's.
 */
#pragma once

#include <stddef.h>

struct net_mail;

/* Frees the mail, or the struct it stands in. `owner` is the mailbox's. */
typedef void (*net_mail_fn)(struct net_mail *mail, void *owner);

struct net_mail {
    struct net_mail *next;
    net_mail_fn deliver;
    size_t bytes; /* what it keeps in memory beside itself */
};
