/* A member of a presence channel, as nodes exchange it. Borrowed.
 *
 * Thread: any.
 */
#pragma once

#include "base/bytes.h"

struct cluster_member {
    struct bytes user_id;
    struct bytes user_info; /* JSON */
};
