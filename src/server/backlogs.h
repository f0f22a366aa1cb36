/* The connections for which the most output waits, of all workers. Each worker looks at its own
 * piece by piece (net/slices.h), so that no client waits for it.
 *
 * Thread: main, unless noted. Life: every walk has ended when the workers are closed and the main
 * thread's mailbox is drained.
 */
#pragma once

#include "net/mailbox.h"
#include "pusher/worker.h"

#define SERVER_BACKLOGS_COUNT_MAX 50

/* A JSON array, borrowed, the largest backlog first: {"socket_id":"1.2","app":"1","user_id":"42",
 * "channels_count":3,"backlog_bytes":4096,"silent_s":2}. Who has none is left out. */
typedef void (*server_backlogs_fn)(struct bytes json, void *user);

/* `mailbox` is the main thread's. `on_done` is called once, in a later turn; at the end of the
 * server what a worker has not looked at is missing. */
void server_backlogs_walk(struct pusher_worker *workers, size_t workers_count,
                          struct net_mailbox *mailbox, server_backlogs_fn on_done, void *user);
