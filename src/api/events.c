#include "api/events.h"

#include "api/body.h"
#include "api/deferred.h"
#include "base/jsonwrite.h"
#include "base/utf8.h"
#include "pusher/encode.h"
#include "pusher/publish.h"
#include "pusher/socket_id.h"

#include <stdio.h>

static const struct config_app *settings_of(const struct api_call *call)
{
    return pusher_app_settings(call->app);
}

static void respond_no_json(struct api_call *call)
{
    api_call_respond_text(call->conn, 400, BYTES("The body must be JSON in UTF-8."));
}

static void respond_invalid(struct api_call *call, const struct buffer *errors)
{
    struct buffer json = {0};

    buffer_append_char(&json, '{');
    buffer_append_bytes(&json, buffer_bytes(errors));
    buffer_append_char(&json, '}');
    api_call_respond_json(call->conn, 422, buffer_bytes(&json));
    buffer_deinit(&json);
}

static void respond_refused(struct api_call *call, enum api_body_verdict verdict,
                            const struct buffer *errors)
{
    if (verdict == API_BODY_NO_JSON)
        respond_no_json(call);
    else
        respond_invalid(call, errors);
}

static void respond_overloaded(struct api_call *call)
{
    api_call_respond_text(call->conn, 503,
                          BYTES("The server cannot take more events at the moment; nothing was "
                                "published."));
}

static uint64_t except_of(const struct api_body_event *event)
{
    struct buffer scratch = {0};
    uint64_t socket_id;

    if (event->socket_id.type != JSONSCAN_STRING)
        return 0;
    socket_id = pusher_socket_id_parse(jsonscan_text(&event->socket_id, &scratch));
    buffer_deinit(&scratch);
    return socket_id;
}

static bool is_possible(struct api_call *call, const struct api_body_event *event)
{
    struct bytes cursor = BYTES_NONE;
    struct buffer scratch = {0};
    struct jsonscan_value channel;
    bool is_possible = true;

    while (is_possible && api_body_next_channel(event, &cursor, &channel)) {
        struct pusher_publish_target target =
            pusher_publish_target_of(call->app, jsonscan_text(&channel, &scratch));

        is_possible = pusher_publish_is_possible(call->worker, &target);
        pusher_publish_target_release(&target);
    }
    buffer_deinit(&scratch);
    return is_possible;
}

static void publish(struct api_call *call, const struct api_body_event *event)
{
    struct pusher_worker *worker = call->worker;
    const uint64_t except = except_of(event);
    struct bytes cursor = BYTES_NONE;
    struct buffer scratch = {0};
    struct jsonscan_value channel;

    while (api_body_next_channel(event, &cursor, &channel)) {
        struct pusher_publish_target target =
            pusher_publish_target_of(call->app, jsonscan_text(&channel, &scratch));

        if (pusher_publish_is_wanted(worker, &target)) {
            struct buffer *text = pusher_worker_scratch(worker);
            struct ws_message *message;

            pusher_encode_broadcast(text, event->name.raw, channel.raw, event->data.raw,
                                    BYTES_NONE);
            message = ws_message_new(buffer_bytes(text));
            pusher_publish(worker, &target, message, except);
            ws_message_unref(message);
        }
        pusher_publish_target_release(&target);
    }
    metrics_add(&worker->metrics->events_published, 1);
    metrics_add(&pusher_app_metrics(call->app, worker->index)->events_published, 1);
    buffer_deinit(&scratch);
}

/* --- what was asked about the channels ------------------------------------------------------ */

static struct api_info info_of(const struct api_body_event *event, struct buffer *scratch)
{
    if (event->info.type != JSONSCAN_STRING)
        return (struct api_info){0};
    return api_info_parse(jsonscan_text(&event->info, scratch));
}

static void append_channels(const struct api_body_event *event, struct api_template *template)
{
    struct bytes cursor = BYTES_NONE;
    struct buffer scratch = {0};
    const struct api_info info = info_of(event, &scratch);
    struct jsonscan_value channel;
    bool is_first = true;

    while (api_body_next_channel(event, &cursor, &channel)) {
        if (!is_first)
            buffer_append_char(&template->text, ',');
        is_first = false;
        buffer_append_bytes(&template->text, channel.raw);
        buffer_append_char(&template->text, ':');
        api_template_append_slot(template, jsonscan_text(&channel, &scratch), info);
    }
    buffer_deinit(&scratch);
}

static void respond_channels(struct api_call *call, const struct api_body_event *event)
{
    struct api_template template = {0};

    buffer_append_text(&template.text, "{\"channels\":{");
    append_channels(event, &template);
    buffer_append_text(&template.text, "}}");
    api_deferred_respond_published(call, &template);
}

/* Answers a publish that asked for no info: when Redis has it, unless the app does not wait for
 * that. */
static void respond_published(struct api_call *call)
{
    struct api_template template = {0};

    if (call->cluster == NULL || settings_of(call)->answer_early) {
        api_call_respond_json(call->conn, 200, BYTES("{}"));
        return;
    }
    buffer_append_text(&template.text, "{}");
    api_deferred_respond_published(call, &template);
}

/* --- one event ------------------------------------------------------------------------------ */

static void trigger(struct api_call *call, const struct api_body_event *event)
{
    if (!is_possible(call, event)) {
        respond_overloaded(call);
        return;
    }
    publish(call, event);
    if (event->info.type == JSONSCAN_STRING)
        respond_channels(call, event);
    else
        respond_published(call);
}

void api_events_trigger(struct api_call *call)
{
    const struct bytes body = call->request->body;
    struct api_body_event event;
    struct buffer errors = {0};
    const enum api_body_verdict verdict =
        utf8_is_valid(body) ? api_body_read_event(body, settings_of(call), "", &event, &errors)
                            : API_BODY_NO_JSON;

    if (verdict == API_BODY_VALID)
        trigger(call, &event);
    else
        respond_refused(call, verdict, &errors);
    buffer_deinit(&errors);
}

/* --- several -------------------------------------------------------------------------------- */

/* A batch is published only if every event of it is valid. */
static enum api_body_verdict check_batch(struct api_call *call, const struct jsonscan_value *batch,
                                         struct buffer *errors, bool *is_overloaded)
{
    struct bytes rest = batch->raw;
    struct jsonscan_value element;
    size_t index = 0;

    while (jsonscan_next_element(&rest, &element)) {
        struct api_body_event event;
        char prefix[32];

        snprintf(prefix, sizeof prefix, "batch.%zu.", index++);
        if (api_body_read_event(element.raw, settings_of(call), prefix, &event, errors) ==
            API_BODY_VALID)
            *is_overloaded |= !is_possible(call, &event);
    }
    return errors->len == 0 ? API_BODY_VALID : API_BODY_INVALID;
}

/* An event of a batch has one channel, and info on it only if the request asks for it. */
static void append_event_of_batch(const struct api_body_event *event, struct api_template *template)
{
    struct buffer scratch = {0};
    struct jsonscan_value channel;
    struct bytes cursor = BYTES_NONE;

    if (event->info.type == JSONSCAN_STRING && api_body_next_channel(event, &cursor, &channel)) {
        const struct api_info info = info_of(event, &scratch);

        api_template_append_slot(template, jsonscan_text(&channel, &scratch), info);
    } else {
        buffer_append_text(&template->text, "{}");
    }
    buffer_deinit(&scratch);
}

static void publish_batch(struct api_call *call, const struct jsonscan_value *batch)
{
    struct bytes rest = batch->raw;
    struct jsonscan_value element;
    struct api_template template = {0};
    struct buffer unused = {0};
    bool is_first = true;

    buffer_append_text(&template.text, "{\"batch\":[");
    while (jsonscan_next_element(&rest, &element)) {
        struct api_body_event event;

        api_body_read_event(element.raw, settings_of(call), "", &event, &unused);
        publish(call, &event);
        if (!is_first)
            buffer_append_char(&template.text, ',');
        is_first = false;
        append_event_of_batch(&event, &template);
    }
    buffer_append_text(&template.text, "]}");
    if (api_template_slots_count(&template) > 0)
        api_deferred_respond_published(call, &template);
    else
        respond_published(call); /* `{"batch":{}}` is a failure to the Go SDK */
    api_template_deinit(&template);
    buffer_deinit(&unused);
}

void api_events_trigger_batch(struct api_call *call)
{
    const struct bytes body = call->request->body;
    struct jsonscan_value batch;
    struct buffer errors = {0};
    bool is_overloaded = false;
    enum api_body_verdict verdict =
        utf8_is_valid(body) ? api_body_read_batch(body, settings_of(call), &batch, &errors)
                            : API_BODY_NO_JSON;

    if (verdict == API_BODY_VALID)
        verdict = check_batch(call, &batch, &errors, &is_overloaded);
    if (verdict != API_BODY_VALID)
        respond_refused(call, verdict, &errors);
    else if (is_overloaded)
        respond_overloaded(call);
    else
        publish_batch(call, &batch);
    buffer_deinit(&errors);
}
