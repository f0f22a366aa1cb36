#include "webhook/observe.h"

#include "base/jsonwrite.h"
#include "pusher/session.h"
#include "pusher/socket_id.h"
#include "webhook/intake.h"

/* Each function is called under a lock, or is on the way of an event: it takes notes. */

#define BIT(kind) (1u << CONFIG_WEBHOOK_##kind)
#define OCCUPANCY (BIT(CHANNEL_OCCUPIED) | BIT(CHANNEL_VACATED))
#define MEMBERS (BIT(MEMBER_ADDED) | BIT(MEMBER_REMOVED))

/* Coming and going are needed both, also if one of them is wanted: one cancels the other. */
static bool wants(const struct pusher_app *app, unsigned kinds)
{
    return (atomic_load_explicit(&app->webhook_kinds, memory_order_relaxed) & kinds) != 0;
}

/* What a cluster decides comes from it: cluster/changes.h. */
static bool wants_of_node(const struct pusher_app *app, unsigned kinds)
{
    return app->cluster == NULL && wants(app, kinds);
}

static void report(void *user, enum config_webhook_kind kind, const struct pusher_app *app,
                   struct bytes channel, struct bytes user_id, struct bytes members)
{
    const struct webhook_change_parts parts = {bytes_of(app->id), channel, user_id, members};
    struct webhook_change *change = webhook_change_new(kind, &parts);

    webhook_intake_put(user, &change);
}

static void on_channel_created(void *user, const struct pusher_app *app, struct bytes channel)
{
    if (wants_of_node(app, OCCUPANCY))
        report(user, CONFIG_WEBHOOK_CHANNEL_OCCUPIED, app, channel, BYTES_NONE, BYTES_NONE);
}

static void on_channel_removed(void *user, const struct pusher_app *app, struct bytes channel)
{
    if (wants_of_node(app, OCCUPANCY))
        report(user, CONFIG_WEBHOOK_CHANNEL_VACATED, app, channel, BYTES_NONE, BYTES_NONE);
}

static void append(struct buffer *out, const char *name, struct bytes text)
{
    buffer_printf(out, ",\"%s\":", name);
    jsonwrite_string(out, text);
}

static void report_member(void *user, enum config_webhook_kind kind, const struct pusher_app *app,
                          struct bytes channel, struct bytes user_id)
{
    struct buffer members = {0};

    append(&members, "user_id", user_id);
    report(user, kind, app, channel, user_id, buffer_bytes(&members));
    buffer_deinit(&members);
}

static void on_member_added(void *user, const struct pusher_app *app, struct bytes channel,
                            struct bytes user_id, struct bytes user_info)
{
    (void)user_info;
    if (wants_of_node(app, MEMBERS))
        report_member(user, CONFIG_WEBHOOK_MEMBER_ADDED, app, channel, user_id);
}

static void on_member_removed(void *user, const struct pusher_app *app, struct bytes channel,
                              struct bytes user_id)
{
    if (wants_of_node(app, MEMBERS))
        report_member(user, CONFIG_WEBHOOK_MEMBER_REMOVED, app, channel, user_id);
}

static void on_subscription_count(void *user, const struct pusher_app *app, struct bytes channel,
                                  size_t count)
{
    struct buffer members = {0};

    if (!wants_of_node(app, BIT(SUBSCRIPTION_COUNT)))
        return;
    buffer_printf(&members, ",\"subscription_count\":%zu", count);
    report(user, CONFIG_WEBHOOK_SUBSCRIPTION_COUNT, app, channel, BYTES_NONE,
           buffer_bytes(&members));
    buffer_deinit(&members);
}

static void on_cache_miss(void *user, const struct pusher_app *app, struct bytes channel)
{
    if (wants(app, BIT(CACHE_MISS)))
        report(user, CONFIG_WEBHOOK_CACHE_MISS, app, channel, BYTES_NONE, BYTES_NONE);
}

/* As in Pusher's, the data is a text: what is none is sent as its JSON. */
static void append_data(struct buffer *out, struct bytes data)
{
    if (data.data == NULL)
        return;
    buffer_append_text(out, ",\"data\":");
    if (data.len > 0 && data.data[0] == '"')
        buffer_append_bytes(out, data);
    else
        jsonwrite_string(out, data);
}

static void on_client_event(void *user, const struct pusher_session *session, struct bytes channel,
                            struct bytes event, struct bytes data, struct bytes user_id)
{
    char socket_id[PUSHER_SOCKET_ID_LEN_MAX];
    struct buffer members = {0};

    if (!wants(session->app, BIT(CLIENT_EVENT)))
        return;
    append(&members, "event", event);
    append_data(&members, data);
    append(&members, "socket_id",
           (struct bytes){socket_id, pusher_socket_id_write(session->socket_id, socket_id)});
    if (user_id.data != NULL)
        append(&members, "user_id", user_id);
    report(user, CONFIG_WEBHOOK_CLIENT_EVENT, session->app, channel, BYTES_NONE,
           buffer_bytes(&members));
    buffer_deinit(&members);
}

const struct pusher_observers_events webhook_observe_events = {
    .on_channel_created = on_channel_created,
    .on_channel_removed = on_channel_removed,
    .on_member_added = on_member_added,
    .on_member_removed = on_member_removed,
    .on_client_event = on_client_event,
    .on_cache_miss = on_cache_miss,
    .on_subscription_count = on_subscription_count,
};
