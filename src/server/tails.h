/* The live tails that are open over the control socket (`reverb tail`): the command "tail" with a
 * JSON object of filters, answered by lines until the caller goes.
 *
 *     tail {"app":"1","channel":"orders.*","event":"*","user":"42"}
 *
 * Thread: main. Life: from init until the control socket is closed, which makes all callers go.
 */
#pragma once

#include "base/list.h"
#include "observer/tail.h"
#include "server/control.h"

struct server_tails {
    struct observer_tail *tail;
    struct list open;
    size_t open_count;
    uv_timer_t timer; /* runs while one is open */
};

void server_tails_init(struct server_tails *tails, struct observer_tail *tail, uv_loop_t *loop);

/* Takes the command if it is "tail"; a filter that is wrong is answered with an error. */
bool server_tails_hear(struct server_tails *tails, struct server_control_caller *caller,
                       struct bytes command);

/* The caller has gone. */
void server_tails_forget(struct server_tails *tails, struct server_control_caller *caller);
