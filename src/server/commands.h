/* Commands of `php artisan reverb:start` to the server that it has started: one line of JSON each.
 *
 *     {"command":"config","config":{…}}                               a new configuration
 *     {"command":"send","socket_id":"1.2","message":"…"}
 *     {"command":"disconnect","socket_id":"1.2"}
 *     {"command":"await"}                                  a new server will replace this one
 *     {"command":"refuse","reason":"…"}                    none will
 *
 * Thread: main. Life: open to the close of the loop's handles, then free.
 */
#pragma once

#include "base/buffer.h"

#include <uv.h>

struct server_commands;

struct server_commands_events {
    /* Borrowed: JSON of the shape of config/reverb.php. */
    void (*on_config)(const char *text, void *user);
    /* `message` is absent if the connection is to end. */
    void (*on_message)(uint64_t socket_id, struct bytes message, void *user);
    void (*on_await)(void *user);
    void (*on_refuse)(const char *reason, void *user);
    /* The sender has closed the pipe. */
    void (*on_gone)(void *user);
};

/* `descriptor` is the option's text; NULL and one line in `error` if it is no descriptor. */
struct server_commands *server_commands_open(uv_loop_t *loop, const char *descriptor,
                                             const struct server_commands_events *events,
                                             void *user, struct buffer *error);
void server_commands_free(struct server_commands *commands); /* NULL is fine */
