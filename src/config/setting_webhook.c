#include "config/config.h"
#include "config/setting.h"

#include <assert.h>

#define WEBHOOK(member) CONFIG_SETTING_FIELD(config_webhook, member)

/* In the order of enum config_webhook_kind. */
const char *const config_setting_webhook_kinds[] = {
    "channel_occupied", "channel_vacated", "member_added",       "member_removed",
    "client_event",     "cache_miss",      "subscription_count",
};
static_assert(CONFIG_SETTING_COUNT(config_setting_webhook_kinds) == CONFIG_WEBHOOK_KINDS_COUNT,
              "each has a name");

/* The variables are for an app whose entry does not mention webhooks, or that has no entry. */
const struct config_setting config_setting_webhook[] = {
    {.key = "url",
     .variable = "REVERB_WEBHOOK_URL",
     .kind = CONFIG_SETTING_TEXT,
     WEBHOOK(url),
     .is_identity = true},
    {.key = "events",
     .variable = "REVERB_WEBHOOK_EVENTS",
     .kind = CONFIG_SETTING_LIST,
     CONFIG_SETTING_FIELDS(config_webhook, events),
     .fallback = "channel_occupied,channel_vacated,member_added,member_removed",
     .is_identity = true,
     .takes_text = true},
    {.key = "filter.channel_name_starts_with",
     .kind = CONFIG_SETTING_TEXT,
     WEBHOOK(channel_starts_with),
     .unset = "any"},
    {.key = "filter.channel_name_ends_with",
     .kind = CONFIG_SETTING_TEXT,
     WEBHOOK(channel_ends_with),
     .unset = "any"},
    {.key = "batching.enabled",
     .kind = CONFIG_SETTING_FLAG,
     WEBHOOK(batching_enabled),
     .fallback = "true"},
    {.key = "batching.max_events",
     .kind = CONFIG_SETTING_NUMBER,
     WEBHOOK(batching_max_events),
     .fallback = "100",
     CONFIG_SETTING_RANGE("a number of events", 1, 10000)},
    {.key = "batching.max_delay_ms",
     .kind = CONFIG_SETTING_NUMBER,
     WEBHOOK(batching_max_delay_ms),
     .fallback = "50",
     CONFIG_SETTING_RANGE("a number of milliseconds", 0, 60 * 1000)},
    {.key = "batching.max_payload_bytes",
     .kind = CONFIG_SETTING_NUMBER,
     WEBHOOK(batching_max_payload_bytes),
     .fallback = "262144",
     CONFIG_SETTING_RANGE("a number of bytes", 1024, CONFIG_SETTING_BYTES_MAX)},
    {.key = "disconnect_smoothing_ms",
     .kind = CONFIG_SETTING_NUMBER,
     WEBHOOK(disconnect_smoothing_ms),
     .fallback = "3000",
     CONFIG_SETTING_RANGE("a number of milliseconds", 0, 60 * 1000)},
    {.key = "timeout",
     .kind = CONFIG_SETTING_NUMBER,
     WEBHOOK(timeout_s),
     .fallback = "5",
     CONFIG_SETTING_RANGE("a number of seconds", 1, 60)},
    {.key = "retry_for",
     .kind = CONFIG_SETTING_NUMBER,
     WEBHOOK(retry_for_s),
     .fallback = "300",
     CONFIG_SETTING_RANGE("a number of seconds", 0, 24 * 60 * 60)},
};
const size_t config_setting_webhook_count = CONFIG_SETTING_COUNT(config_setting_webhook);
