/* Why a WebSocket connection ends. RFC 6455 section 7.4, and Pusher's own codes from 4000 on.
 *
 * Thread: any.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum ws_close {
    WS_CLOSE_NORMAL = 1000,
    WS_CLOSE_PROTOCOL_ERROR = 1002,
    WS_CLOSE_NO_STATUS = 1005, /* never on the wire: the peer's close frame had no code */
    WS_CLOSE_ABNORMAL = 1006,  /* never on the wire: no close frame came */
    WS_CLOSE_INVALID_DATA = 1007,
    WS_CLOSE_TOO_BIG = 1009,
};

/* Whether a peer may send that code in a close frame. */
bool ws_close_is_valid(uint16_t code);
