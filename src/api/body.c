#include "api/body.h"

#include "pusher/limits.h"

static void add_error(struct buffer *errors, const char *prefix, const char *field,
                      const char *what)
{
    if (errors->len > 0)
        buffer_append_char(errors, ',');
    buffer_printf(errors, "\"%s%s\":[\"The %s%s field %s\"]", prefix, field, prefix, field, what);
}

static bool is_missing(const struct jsonscan_value *value)
{
    return value->type == JSONSCAN_ABSENT || value->type == JSONSCAN_NULL;
}

static bool is_empty_text(const struct jsonscan_value *value)
{
    return value->type == JSONSCAN_STRING && value->raw.len == 2;
}

/* PHP writes every empty array as `[]`, so an empty object is no list. */
static bool is_list(const struct jsonscan_value *value)
{
    struct bytes rest = value->raw;
    struct jsonscan_value first;

    return value->type == JSONSCAN_ARRAY ||
           (value->type == JSONSCAN_OBJECT && jsonscan_next_element(&rest, &first));
}

static bool is_event_name(const struct config_app *app, const struct jsonscan_value *name)
{
    struct buffer scratch = {0};
    const bool is_valid = pusher_limits_is_event_name(app, jsonscan_text(name, &scratch));

    buffer_deinit(&scratch);
    return is_valid;
}

static bool check_name(const struct config_app *app, const struct jsonscan_value *name,
                       const char *prefix, struct buffer *errors)
{
    if (is_missing(name) || is_empty_text(name))
        add_error(errors, prefix, "name", "is required.");
    else if (name->type != JSONSCAN_STRING)
        add_error(errors, prefix, "name", "must be a string.");
    else if (!is_event_name(app, name))
        add_error(errors, prefix, "name", "must not be longer than 200 characters.");
    else
        return true;
    return false;
}

static bool check_data(const struct jsonscan_value *data, const char *prefix, struct buffer *errors)
{
    if (is_missing(data))
        add_error(errors, prefix, "data", "is required.");
    else if (data->type != JSONSCAN_STRING)
        add_error(errors, prefix, "data", "must be a string.");
    else
        return true;
    return false;
}

static bool check_optional(const struct jsonscan_value *value, const char *field,
                           const char *prefix, struct buffer *errors)
{
    if (is_missing(value) || value->type == JSONSCAN_STRING)
        return true;
    add_error(errors, prefix, field, "must be a string.");
    return false;
}

static bool is_channel(const struct config_app *app, const struct jsonscan_value *channel)
{
    struct buffer scratch = {0};
    bool is_valid;

    if (channel->type != JSONSCAN_STRING || is_empty_text(channel))
        return false;
    if (!app->strict)
        return true;
    is_valid = pusher_limits_is_name(app, jsonscan_text(channel, &scratch));
    buffer_deinit(&scratch);
    return is_valid;
}

static bool check_channel_list(const struct config_app *app, const struct jsonscan_value *channels,
                               const char *prefix, struct buffer *errors)
{
    struct bytes rest = channels->raw;
    struct jsonscan_value channel;
    size_t count = 0;

    while (jsonscan_next_element(&rest, &channel)) {
        if (!is_channel(app, &channel)) {
            struct buffer field = {0};

            buffer_printf(&field, "channels.%zu", count);
            add_error(errors, prefix, buffer_text(&field), "must be the name of a channel.");
            buffer_deinit(&field);
            return false;
        }
        count++;
    }
    if (count == 0)
        add_error(errors, prefix, "channels", "must name at least one channel.");
    else if (app->strict && count > PUSHER_LIMITS_CHANNELS_AN_EVENT_MAX)
        add_error(errors, prefix, "channels", "must not name more than 100 channels.");
    else
        return true;
    return false;
}

static bool check_channels(const struct config_app *app, struct api_body_event *event,
                           const char *prefix, struct buffer *errors)
{
    if (!is_missing(&event->channels)) {
        if (is_list(&event->channels))
            return check_channel_list(app, &event->channels, prefix, errors);
        add_error(errors, prefix, "channels", "must be an array.");
        return false;
    }
    if (is_missing(&event->channel)) {
        /* An event of a batch has one channel. */
        if (prefix[0] != '\0')
            add_error(errors, prefix, "channel", "is required.");
        else
            add_error(errors, prefix, "channels", "is required when channel is not present.");
        return false;
    }
    if (is_channel(app, &event->channel))
        return true;
    add_error(errors, prefix, "channel", "must be the name of a channel.");
    return false;
}

/* JSON that is not an object has none of the fields. */
static bool read_fields(struct bytes json, struct jsonscan_field *fields, size_t fields_count)
{
    struct jsonscan_value value;

    return jsonscan_object(json, fields, fields_count) || jsonscan_parse(json, &value);
}

enum api_body_verdict api_body_read_event(struct bytes json, const struct config_app *app,
                                          const char *prefix, struct api_body_event *event,
                                          struct buffer *errors)
{
    struct jsonscan_field fields[] = {
        {.name = BYTES("name")},     {.name = BYTES("data")},      {.name = BYTES("channel")},
        {.name = BYTES("channels")}, {.name = BYTES("socket_id")}, {.name = BYTES("info")},
    };
    bool is_valid;

    if (!read_fields(json, fields, sizeof fields / sizeof fields[0]))
        return API_BODY_NO_JSON;
    event->name = fields[0].value;
    event->data = fields[1].value;
    event->channel = fields[2].value;
    event->channels = fields[3].value;
    event->socket_id = fields[4].value;
    event->info = fields[5].value;
    is_valid = check_name(app, &event->name, prefix, errors);
    is_valid &= check_data(&event->data, prefix, errors);
    is_valid &= check_channels(app, event, prefix, errors);
    is_valid &= check_optional(&event->socket_id, "socket_id", prefix, errors);
    is_valid &= check_optional(&event->info, "info", prefix, errors);
    return is_valid ? API_BODY_VALID : API_BODY_INVALID;
}

static bool check_batch(const struct config_app *app, const struct jsonscan_value *batch,
                        struct buffer *errors)
{
    struct bytes rest = batch->raw;
    struct jsonscan_value element;
    size_t count = 0;

    if (is_missing(batch)) {
        add_error(errors, "", "batch", "is required.");
        return false;
    }
    if (!is_list(batch)) {
        add_error(errors, "", "batch", "must be an array.");
        return false;
    }
    while (app->strict && jsonscan_next_element(&rest, &element))
        count++;
    if (count > PUSHER_LIMITS_EVENTS_A_BATCH_MAX) {
        add_error(errors, "", "batch", "must not hold more than 10 events.");
        return false;
    }
    return true;
}

enum api_body_verdict api_body_read_batch(struct bytes json, const struct config_app *app,
                                          struct jsonscan_value *batch, struct buffer *errors)
{
    struct jsonscan_field fields[] = {{.name = BYTES("batch")}};

    if (!read_fields(json, fields, 1))
        return API_BODY_NO_JSON;
    *batch = fields[0].value;
    return check_batch(app, batch, errors) ? API_BODY_VALID : API_BODY_INVALID;
}

bool api_body_next_channel(const struct api_body_event *event, struct bytes *cursor,
                           struct jsonscan_value *channel)
{
    if (!is_missing(&event->channels)) {
        if (cursor->data == NULL)
            *cursor = event->channels.raw;
        return jsonscan_next_element(cursor, channel);
    }
    if (cursor->data != NULL)
        return false;
    *cursor = event->channel.raw;
    *channel = event->channel;
    return true;
}
