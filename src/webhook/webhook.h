/* Webhooks: applications are notified over HTTP of what happens in their channels.
 *
 * A thread of its own holds the receivers (webhook/target.h) and delivers to them; workers only
 * append what has happened to a list. A node alone takes its changes from its observers; one of a
 * cluster takes those of channels and members from Redis, where they have one order, and only if it
 * is the one node that sends them (cluster/changes.h).
 *
 * Thread: main, unless noted.
 */
#pragma once

#include "pusher/observers.h"
#include "webhook/intake.h"
#include "webhook/target.h"

struct webhook;

/* `pipe`: where webhooks go whose URL is "artisan"; NULL: there is none. NULL and a line in `error`
 * if `config` has webhooks that cannot be sent: libcurl cannot be had, or there is no pipe. */
struct webhook *webhook_new(const struct config *config, const struct webhook_pipe *pipe,
                            struct buffer *error);

/* Adds itself to the chain of observers, in front of `next`. */
const struct pusher_observers *webhook_observe(struct webhook *webhook,
                                               const struct pusher_observers *next);

/* `lock_path`: while another process holds the lock of that file, what happens is kept and not
 * sent, so that after a restart nothing overtakes what the previous server still sends. NULL: there
 * is no other. */
void webhook_start(struct webhook *webhook, const char *lock_path);

/* Before webhook_reload(): false, and a line in `error`, if `config` has webhooks that cannot be
 * sent. */
bool webhook_prepare(struct webhook *webhook, const struct config *config, struct buffer *error);

/* Takes up the webhooks of `config`, which may be freed afterwards. What waits for a URL that is
 * still there stays. */
void webhook_reload(struct webhook *webhook, const struct config *config);

/* Sends what waits, within a few seconds from when it may (a server before this one may still
 * send), drops the rest, and ends the thread. NULL is fine. */
void webhook_end(struct webhook *webhook);
void webhook_free(struct webhook *webhook); /* after webhook_end(); NULL is fine */

/* Where changes are put. Any thread. */
struct webhook_intake *webhook_intake(struct webhook *webhook);

/* --- for status and metrics: any thread ----------------------------------------------------- */

/* Calls `visit` for each target, which it must not change. */
void webhook_visit(struct webhook *webhook,
                   void (*visit)(const struct webhook_target *target, uint64_t now_ms, void *user),
                   void *user);

bool webhook_has_targets(struct webhook *webhook);
