#include "api/channels.h"

#include "api/deferred.h"
#include "api/parameters.h"
#include "base/jsonwrite.h"

struct listing {
    struct buffer json;
    const struct api_deferred *deferred;
    bool has_any;
};

static struct api_info info_of(const struct api_call *call)
{
    struct buffer list = {0};
    struct api_info info;

    api_parameters_append(call->parameters, BYTES("info"), &list);
    info = api_info_parse(buffer_bytes(&list));
    buffer_deinit(&list);
    return info;
}

static void append_name(struct listing *listing, struct bytes name)
{
    if (listing->has_any)
        buffer_append_char(&listing->json, ',');
    listing->has_any = true;
    jsonwrite_string(&listing->json, name);
    buffer_append_char(&listing->json, ':');
}

static void list_local(struct channel *channel, void *user)
{
    struct listing *listing = user;
    const struct api_deferred *deferred = listing->deferred;

    if (!bytes_starts_with(channel_name(channel), buffer_bytes(&deferred->argument)))
        return;
    append_name(listing, channel_name(channel));
    api_info_write_local(&listing->json, deferred->info, channel,
                         net_loop_now_ms(deferred->api->worker->loop));
}

static void list_cluster(struct listing *listing, const struct cluster_query_answer *answer)
{
    for (size_t i = 0; i < answer->channels_count; i++) {
        append_name(listing, answer->channels[i].name);
        api_info_write_cluster(&listing->json, listing->deferred->info, &answer->channels[i]);
    }
}

static void respond_list(const struct api_deferred *deferred, struct http_conn *conn,
                         const struct cluster_query_answer *answer)
{
    struct listing listing = {.deferred = deferred};

    buffer_append_text(&listing.json, "{\"channels\":{");
    if (answer != NULL)
        list_cluster(&listing, answer);
    else
        channel_registry_each(deferred->app->channels, list_local, &listing);
    buffer_append_text(&listing.json, "}}");
    api_respond_json(conn, 200, buffer_bytes(&listing.json));
    buffer_deinit(&listing.json);
}

void api_channels_list(struct api_call *call)
{
    const struct api_info info = info_of(call);
    struct api_deferred *deferred = api_deferred_new(call, respond_list, BYTES_NONE);
    struct cluster_query_caller caller;

    deferred->info = info;
    api_parameters_append(call->parameters, BYTES("filter_by_prefix"), &deferred->argument);
    if (api_deferred_begin(deferred, call->conn, &caller))
        cluster_query_list(call->api->cluster, &caller, bytes_of(call->app->id),
                           buffer_bytes(&deferred->argument), info.user_count, info.cache);
}

void api_channels_show(struct api_call *call)
{
    struct api_info info = info_of(call);
    struct api_template template = {0};

    info.occupied = true;
    api_template_append_slot(&template, call->argument, info);
    api_deferred_respond_template(call, &template);
}
