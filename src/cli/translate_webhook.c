#include "cli/translate_webhook.h"

#include "config/config.h"
#include "config/setting.h"

#include <string.h>

static bool is_known_event(const char *name)
{
    for (unsigned i = 0; i < CONFIG_WEBHOOK_KINDS_COUNT; i++)
        if (name != NULL && strcmp(name, config_setting_webhook_kinds[i]) == 0)
            return true;
    return false;
}

static json_t *events_of(json_t *theirs, const char *app_id, struct buffer *notes)
{
    json_t *events = json_array();
    json_t *event;
    size_t index;

    json_array_foreach(json_object_get(theirs, "event_types"), index, event)
    {
        const char *name = json_string_value(event);

        if (is_known_event(name))
            json_array_append(events, event);
        else
            buffer_printf(notes, "app %s: the webhooks' event \"%s\" has no counterpart\n", app_id,
                          name != NULL ? name : "");
    }
    return events;
}

/* sockudo has them one level deeper. */
static json_t *headers_of(json_t *theirs)
{
    json_t *headers = json_object_get(theirs, "headers");
    json_t *deeper = json_object_get(headers, "headers");

    return json_is_object(deeper) ? deeper : headers;
}

static json_t *filter_of(json_t *theirs, const char *app_id, struct buffer *notes)
{
    json_t *filter = json_object();
    const char *key;
    json_t *value;

    json_object_foreach(json_object_get(theirs, "filter"), key, value)
    {
        if (strcmp(key, "channel_name_starts_with") == 0 ||
            strcmp(key, "channel_name_ends_with") == 0)
            json_object_set(filter, key, value);
        else if (!json_is_null(value))
            buffer_printf(notes, "app %s: the webhooks' filter \"%s\" has no counterpart\n", app_id,
                          key);
    }
    return filter;
}

static void set_unless_empty(json_t *ours, const char *key, json_t *value)
{
    if (json_object_size(value) > 0)
        json_object_set(ours, key, value);
}

static json_t *translate(json_t *theirs, double delay_ms, const char *app_id, struct buffer *notes)
{
    json_t *ours = json_object();
    json_t *events = events_of(theirs, app_id, notes);
    json_t *filter = filter_of(theirs, app_id, notes);
    json_t *batching = json_object();

    json_object_set(ours, "url", json_object_get(theirs, "url"));
    json_object_set(ours, "events", events);
    set_unless_empty(ours, "headers", headers_of(theirs));
    set_unless_empty(ours, "filter", filter);
    if (delay_ms < 0)
        json_object_set_new(batching, "enabled", json_false());
    else
        json_object_set_new(batching, "max_delay_ms", json_integer((json_int_t)delay_ms));
    json_object_set(ours, "batching", batching);
    json_decref(events);
    json_decref(filter);
    json_decref(batching);
    return ours;
}

json_t *cli_translate_webhook_list(json_t *theirs, double delay_ms, const char *app_id,
                                   struct buffer *notes)
{
    json_t *list = json_array();
    json_t *webhook;
    size_t index;

    json_array_foreach(theirs, index, webhook)
    {
        if (!json_is_string(json_object_get(webhook, "url")))
            buffer_printf(notes, "app %s: a webhook without a URL is left out\n", app_id);
        else if (json_array_size(json_object_get(webhook, "event_types")) == 0)
            buffer_printf(notes, "app %s: a webhook without events is left out\n", app_id);
        else
            json_array_append_new(list, translate(webhook, delay_ms, app_id, notes));
    }
    return list;
}
