/* Requests to receivers, by libcurl: HTTP/1.1 with keep-alive, or HTTP/2 over TLS where the
 * receiver has it. No redirect is followed, and every certificate is verified.
 *
 * Thread: owner; webhook_delivery_wake() any.
 */
#pragma once

#include "base/buffer.h"
#include "config/config.h"

#define WEBHOOK_DELIVERY_REASON_LEN_MAX 256

struct webhook_delivery;
struct webhook_delivery_request; /* to one receiver, one at a time */

struct webhook_delivery_result {
    bool is_delivered;      /* the receiver answered with 2xx */
    unsigned status;        /* of HTTP; 0: there was no answer */
    unsigned retry_after_s; /* the receiver asks for that; 0: it does not */
    const char *reason;     /* why it was not delivered, without a secret; borrowed */
};

typedef void (*webhook_delivery_done_fn)(const struct webhook_delivery_result *result, void *user);

/* NULL and a line in `error` if libcurl cannot be had. Main. */
struct webhook_delivery *webhook_delivery_new(struct buffer *error);

/* All requests are freed before. */
void webhook_delivery_free(struct webhook_delivery *delivery);

struct webhook_delivery_request *webhook_delivery_request_new(struct webhook_delivery *delivery,
                                                              webhook_delivery_done_fn on_done,
                                                              void *user);

/* Cancels it if it is under way: `on_done` is then not called. */
void webhook_delivery_request_free(struct webhook_delivery_request *request);

/* Gives up the request under way, if there is one: `on_done` is not called. The receiver may have
 * it nevertheless. */
void webhook_delivery_cancel(struct webhook_delivery_request *request);

/* Begins to send `body`, which stays the caller's until `on_done`. The first request after new
 * settings opens a connection of its own (`is_fresh`), and looks the name up again. */
void webhook_delivery_send(struct webhook_delivery_request *request,
                           const struct config_webhook *webhook, bool denies_private, bool is_fresh,
                           char *const *headers, struct bytes body);

/* Does what can be done without waiting, and calls `on_done` of the requests that have ended. */
void webhook_delivery_work(struct webhook_delivery *delivery);

/* Waits until something can be done, for `wait_ms` at most. */
void webhook_delivery_wait(struct webhook_delivery *delivery, int wait_ms);

/* Ends the wait under way, or the next. */
void webhook_delivery_wake(struct webhook_delivery *delivery);
