/* Whether the sender of a request knows the app's secret. Pusher Channels, "HTTP API", "Generating
 * authentication signatures".
 *
 * Thread: the call's.
 */
#pragma once

#include "api/call.h"

struct api_signature_refusal {
    enum metrics_app_reject reason;
    struct buffer text; /* for the sender */
};

/* `path` is the request's without the server's prefix; `call->parameters` is set. False: the caller
 * answers 401 with `refusal`. */
bool api_signature_check(const struct api_call *call, struct bytes path,
                         struct api_signature_refusal *refusal);
