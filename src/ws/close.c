#include "ws/close.h"

bool ws_close_is_valid(uint16_t code)
{
    if (code >= 3000 && code <= 4999)
        return true;
    /* 1004 is reserved; 1005, 1006 and 1015 describe what was not on the wire, so no frame may hold
     * them. */
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}
