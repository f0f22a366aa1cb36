/* Of servers that succeed one another on a port one sends its webhooks, the earliest that has any;
 * nothing of a later one overtakes what an earlier one still sends.
 *
 *     PATH       is locked by the one that sends
 *     PATH.next  by the one that waits for it; those after that one wait for this
 *
 * Locks go with the process that has them.
 *
 * Thread: the one of the webhooks.
 */
#pragma once

#include <stdbool.h>

struct webhook_precedence {
    char *path; /* NULL: there is no other server */
    int fd;
    int next_fd;
    bool has;
};

void webhook_precedence_init(struct webhook_precedence *precedence);

/* Whether this server may send; from then on it may until webhook_precedence_leave(). */
bool webhook_precedence_has(struct webhook_precedence *precedence);

/* Lets the next one send. */
void webhook_precedence_leave(struct webhook_precedence *precedence);
void webhook_precedence_deinit(struct webhook_precedence *precedence);
