/* A message from one thread to another: a member of the struct that is sent (net/mailbox.h).
 *
 * Thread: the sender's until it is posted, then the receiver's.
 */
#pragma once

#include <stddef.h>

struct net_mail;

/* Handles the mail and frees the struct that it is part of. `owner` is the mailbox's. */
typedef void (*net_mail_fn)(struct net_mail *mail, void *owner);

struct net_mail {
    struct net_mail *next;
    net_mail_fn deliver;
    size_t bytes; /* of memory that it keeps beside itself */
};
