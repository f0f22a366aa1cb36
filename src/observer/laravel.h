/* Reports events to `php artisan reverb:start`: one line of JSON for each event, on a descriptor
 * that it has opened, and only the kinds that the application listens to.
 *
 *     {"event":"MessageReceived","app":"1","socket_id":"1.2","origin":"https://…","seen":1,"message":"…"}
 *     {"event":"sums","at":1700000000,"apps":{"1":[sent,received]}}
 *     {"event":"dropped","count":3}
 *     {"event":"webhook","app":"1","body":{"time_ms":…,"source":…,"events":[…]}}
 *
 * A reader that is too slow loses lines and gets their number; the workers never wait for it.
 *
 * Thread: workers call the observers; everything else main. Life: new, start (before the workers),
 * finish (after them), free (after the loop is closed, which closes its handles).
 */
#pragma once

#include "base/buffer.h"
#include "pusher/apps.h"

#include <uv.h>

struct observer_laravel;

/* `descriptor` and `kinds` are what the options say; NULL and one line in `error` if they are
 * wrong. */
struct observer_laravel *observer_laravel_new(const char *descriptor, const char *kinds,
                                              struct buffer *error);
void observer_laravel_free(struct observer_laravel *laravel); /* NULL is fine */

/* The observers that the workers notify; they pass each event on to `next`. */
const struct pusher_observers *observer_laravel_listen(struct observer_laravel *laravel,
                                                       const struct pusher_observers *next);

/* Starts writing; the sums are reported every `interval_s` seconds. */
void observer_laravel_start(struct observer_laravel *laravel, uv_loop_t *loop,
                            struct pusher_apps *apps, uint32_t interval_s);

/* Asks Laravel for the configuration; the reply is a command (server/commands.h). */
void observer_laravel_ask_config(struct observer_laravel *laravel);

/* Asks Laravel to restart with the application's present code; the reply is the command "await". */
void observer_laravel_ask_restart(struct observer_laravel *laravel);

/* Reports, after the sums so far, that this server waits for the server that replaces it. */
void observer_laravel_say_awaiting(struct observer_laravel *laravel, const char *control_path);

/* Reports what a webhook is sent: a body in JSON. It is never dropped: if it is not taken, the
 * reason is returned, else NULL. Any thread. */
const char *observer_laravel_send_webhook(struct observer_laravel *laravel, struct bytes app_id,
                                          struct bytes body);

/* Writes the last sums and all pending lines, within bounded time. */
void observer_laravel_finish(struct observer_laravel *laravel);
