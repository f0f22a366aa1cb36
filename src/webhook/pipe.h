/* The way to the `php artisan reverb:start` that has started this server, for webhooks that have it
 * in the place of a URL.
 *
 * Thread: owner.
 */
#pragma once

#include "webhook/delivery.h"

struct webhook_pipe {
    /* Takes a copy of a body, without waiting, or returns why it cannot. NULL: there is no artisan.
     */
    const char *(*send)(struct bytes app_id, struct bytes body, void *user);
    void *user;
};

/* As one attempt to deliver; its result is there at once. */
struct webhook_delivery_result webhook_pipe_send(const struct webhook_pipe *pipe,
                                                 struct bytes app_id, struct bytes body);

/* False, and a line in `error`, if `config` has webhooks that need a pipe, and there is none. */
bool webhook_pipe_suffices(const struct webhook_pipe *pipe, const struct config *config,
                           struct buffer *error);
