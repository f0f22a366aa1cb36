/* Answers `reverb why SOCKET_ID`: what is known of a connection. If it is open, its worker is
 * asked; what became of it is in observer/history.h.
 *
 *     why 1234.5678
 *     {"socket_id":"1234.5678","connection":{"app":"1",…},"history":[…]}
 *
 * Thread: main, unless noted. Life: all questions are answered, or their callers gone, when the
 * workers' mailboxes and then the main thread's are closed.
 */
#pragma once

#include "observer/history.h"
#include "pusher/session.h"
#include "server/control.h"
#include "server/worker.h"

struct server_why {
    struct observer_history *history;
    struct server_worker *workers;
    size_t workers_count;
    struct net_mailbox *mailbox; /* of the main thread */
    struct list questions;       /* that workers have not answered yet */
};

void server_why_init(struct server_why *why);

/* Takes the command if it is "why". */
bool server_why_hear(struct server_why *why, struct server_control_caller *caller,
                     struct bytes command);

/* Appends what is known of an open connection, fields of a JSON object. Owner. */
void server_why_append_facts(struct buffer *out, const struct pusher_session *session);

/* The caller has gone. */
void server_why_forget(struct server_why *why, struct server_control_caller *caller);
