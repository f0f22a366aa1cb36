/* What the log says of clients and publishers that are refused: by reason, app and address one line
 * at once, and then at most one in PUSHER_REFUSALS_INTERVAL_MS, with the count of what it stands
 * for. Whoever floods the server with refusals does not fill its log.
 *
 * Thread: any. Memory: a table of fixed size; what does not fit is counted in one line for all.
 */
#pragma once

#include "base/bytes.h"
#include "metrics/app.h"

#define PUSHER_REFUSALS_INTERVAL_MS 10000

struct pusher_refusals;

struct pusher_refusals *pusher_refusals_new(void);
void pusher_refusals_free(struct pusher_refusals *refusals); /* NULL is fine */

/* `app_id` is absent if there is no app. Reasons that are no mistake of a configuration (rate,
 * size, message, capacity) are not logged. */
void pusher_refusals_note(struct pusher_refusals *refusals, enum metrics_app_reject reason,
                          struct bytes app_id, struct bytes address, uint64_t now_ms);

/* Logs what was counted since the last lines; to be called each second. */
void pusher_refusals_flush(struct pusher_refusals *refusals, uint64_t now_ms);
