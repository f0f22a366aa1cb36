#include "api/channels.h"

#include "api/deferred.h"
#include "api/parameters.h"

/* Up to so many channels are written in one call. */
#define AT_ONCE_COUNT 1000

static struct api_info info_of(const struct api_call *call)
{
    struct buffer list = {0};
    struct api_info info;

    api_parameters_append(call->parameters, BYTES("info"), &list);
    info = api_info_parse(buffer_bytes(&list));
    buffer_deinit(&list);
    return info;
}

static bool list_local(struct api_deferred *deferred)
{
    struct channel_registry *channels = deferred->app->channels;
    const bool is_at_once = channel_registry_count(channels) <= AT_ONCE_COUNT;
    const uint64_t now_ms = net_loop_now_ms(deferred->worker->loop);
    bool is_whole;

    do
        is_whole = api_listing_step(&deferred->listing, channels, buffer_bytes(&deferred->argument),
                                    deferred->info, now_ms);
    while (!is_whole && is_at_once);
    return is_whole;
}

static void take_list(struct api_deferred *deferred, const struct cluster_query_answer *page)
{
    api_listing_write_cluster(&deferred->listing, page, deferred->info);
}

static bool respond_list(struct api_deferred *deferred, struct http_conn *conn,
                         const struct cluster_query_answer *answer)
{
    if (answer != NULL) {
        api_listing_write_cluster(&deferred->listing, answer, deferred->info);
        api_listing_end(&deferred->listing);
    } else if (!list_local(deferred)) {
        return false;
    }
    http_conn_respond(conn, &(struct http_response){
                                .status = 200,
                                .content_type = BYTES("application/json"),
                                .pieces = deferred->listing.pieces,
                                .pieces_count = deferred->listing.pieces_count,
                                .body = buffer_bytes(&deferred->listing.json),
                            });
    return true;
}

void api_channels_list(struct api_call *call)
{
    const struct api_info info = info_of(call);
    struct api_deferred *deferred = api_deferred_new(call, respond_list, BYTES_NONE);
    struct cluster_query_caller caller;

    deferred->info = info;
    deferred->take = take_list;
    api_parameters_append(call->parameters, BYTES("filter_by_prefix"), &deferred->argument);
    if (api_deferred_begin(deferred, call->conn, &caller))
        call->queries->list(call->cluster, &caller, bytes_of(call->app->id),
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
