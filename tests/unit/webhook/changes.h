/* Changes for the tests of webhooks. */
#pragma once

#include "support/unit.h"
#include "webhook/change.h"

static inline struct webhook_change *change_of(enum config_webhook_kind kind, const char *channel,
                                               const char *user_id)
{
    const struct webhook_change_parts parts = {BYTES("app"), bytes_of(channel), bytes_of(user_id),
                                               BYTES_NONE};

    return webhook_change_new(kind, &parts);
}
