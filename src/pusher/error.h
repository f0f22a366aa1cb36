/* The errors of the Pusher protocol: their codes and texts. Pusher Channels protocol 7, "Error
 * codes".
 *
 * Thread: any.
 */
#pragma once

#include "base/buffer.h"

enum pusher_error {
    PUSHER_ERROR_NO_APP,
    PUSHER_ERROR_OVER_QUOTA,
    PUSHER_ERROR_ORIGIN,
    PUSHER_ERROR_UNAUTHORIZED,
    PUSHER_ERROR_NOT_A_MEMBER,
    PUSHER_ERROR_TERMINATED,
    PUSHER_ERROR_OVER_CAPACITY,
    PUSHER_ERROR_ADDRESS, /* address_limits */
    PUSHER_ERROR_INVALID_MESSAGE,
    PUSHER_ERROR_INVALID_NAME, /* with the option `strict` only */
    PUSHER_ERROR_STALE,
    PUSHER_ERROR_TOO_MANY_SUBSCRIPTIONS,
    PUSHER_ERROR_TOO_MANY_WATCHED,
    PUSHER_ERROR_TOO_MANY_MEMBERS,
    PUSHER_ERROR_TOO_MUCH_UNREAD,
    PUSHER_ERROR_CLIENT_EVENTS_OFF,
    PUSHER_ERROR_CLIENT_EVENTS_PUBLIC,
    PUSHER_ERROR_RATE_LIMIT,
};

/* Close codes without an error. */
#define PUSHER_ERROR_CLOSE_BACK_OFF 4100  /* clients reconnect after a while */
#define PUSHER_ERROR_CLOSE_RECONNECT 4200 /* clients reconnect at once */

unsigned pusher_error_code(enum pusher_error error);
struct bytes pusher_error_text(enum pusher_error error);
