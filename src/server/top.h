/* Answers `reverb top`, which asks once a second: counters of the server and of each app, the
 * busiest channels, and the connections for which the most output waits.
 *
 *     top
 *     {"at_ms":…,"version":"…",…,"apps":[…],"channels":[…],"connections":[…]}
 *
 * One walk over the connections serves all who have asked meanwhile.
 *
 * Thread: main. Life: until the control socket is closed, which makes all callers go.
 */
#pragma once

#include "base/list.h"
#include "net/mailbox.h"
#include "observer/busy.h"
#include "server/control.h"

struct server_top {
    struct pusher_worker *workers;
    size_t workers_count;
    struct pusher_apps *apps;
    struct observer_busy *busy;
    struct net_mailbox *mailbox; /* of the main thread */
    uint64_t started_ms;         /* of uv_hrtime() */
    struct list waiting;         /* callers */
    uint64_t walks_since_ms;     /* 0: nobody walks */
};

/* Before the control socket opens; the fields above `waiting` are set before the first command. */
void server_top_init(struct server_top *top);

/* Takes the command if it is "top". */
bool server_top_hear(struct server_top *top, struct server_control_caller *caller,
                     struct bytes command);

/* The caller has gone. */
void server_top_forget(struct server_top *top, struct server_control_caller *caller);

/* If a worker does not answer, the callers are answered without it. Once a second. */
void server_top_tick(struct server_top *top);
