/* What happens, told to `php artisan reverb:start`: one line of JSON an event, on a descriptor that
 * it has opened, and only of the kinds that somebody in the application listens to.
 *
 *     {"event":"MessageReceived","app":"1","socket_id":"1.2","origin":"https://…","seen":1,"message":"…"}
 *     {"event":"sums","at":1700000000,"apps":{"1":[sent,received]}}
 *     {"event":"dropped","count":3}
 *
 * A reader that is too slow loses lines and is told how many; the workers never wait for it.
 *
 * Thread: workers tell; everything else main. Life: new, start (before the workers), finish (after
 * them), free (after the loop is closed, which closes its handles).
 */
#pragma once

#include "base/buffer.h"
#include "pusher/apps.h"

#include <uv.h>

struct observer_laravel;

/* `descriptor` and `kinds` are what the options say; NULL and one line in `error` where they are
 * wrong. */
struct observer_laravel *observer_laravel_new(const char *descriptor, const char *kinds,
                                              struct buffer *error);
void observer_laravel_free(struct observer_laravel *laravel); /* NULL is fine */

/* What the workers are to tell; with `next` behind it. */
const struct pusher_observers *observer_laravel_listen(struct observer_laravel *laravel,
                                                       const struct pusher_observers *next);

/* Sums are told every `interval_s`. */
void observer_laravel_start(struct observer_laravel *laravel, uv_loop_t *loop,
                            struct pusher_apps *apps, uint32_t interval_s);

/* Asks for the configuration anew; it comes as a command. */
void observer_laravel_ask_config(struct observer_laravel *laravel);

/* Asks for a restart of all that belongs to the application; "await" comes as a command. */
void observer_laravel_ask_restart(struct observer_laravel *laravel);

/* Says, behind the sums so far, that this server waits for the one that takes its place. */
void observer_laravel_say_awaiting(struct observer_laravel *laravel, const char *control_path);

/* The last sums and all that waits are written, within bounded time. */
void observer_laravel_finish(struct observer_laravel *laravel);
