#include "api/channels.h"

#include "api/info.h"
#include "base/jsonwrite.h"
#include "http/query.h"

struct listing {
    struct buffer json;
    struct api_info info;
    struct bytes prefix;
    uint64_t now_ms;
    bool has_any;
};

/* `info=a,b`, and `info[]=a&info[]=b` as PHP writes arrays. */
static struct api_info info_of(const struct http_request *request)
{
    struct bytes rest = request->query;
    struct buffer list = {0};
    struct buffer decoded = {0};
    struct api_info info;
    struct bytes name;
    struct bytes value;

    while (http_query_next(&rest, &name, &value)) {
        buffer_clear(&decoded);
        http_query_decode(&decoded, name, true);
        if (!bytes_equal(buffer_bytes(&decoded), BYTES("info")) &&
            !bytes_starts_with(buffer_bytes(&decoded), BYTES("info[")))
            continue;
        http_query_decode(&list, value, true);
        buffer_append_char(&list, ',');
    }
    info = api_info_parse(buffer_bytes(&list));
    buffer_deinit(&list);
    buffer_deinit(&decoded);
    return info;
}

static void list_channel(struct channel *channel, void *user)
{
    struct listing *listing = user;

    if (!bytes_starts_with(channel_name(channel), listing->prefix))
        return;
    if (listing->has_any)
        buffer_append_char(&listing->json, ',');
    listing->has_any = true;
    jsonwrite_string(&listing->json, channel_name(channel));
    buffer_append_char(&listing->json, ':');
    api_info_write(&listing->json, listing->info, channel, listing->now_ms);
}

void api_channels_list(struct api_call *call)
{
    struct buffer scratch = {0};
    struct listing listing = {
        .info = info_of(call->request),
        .prefix = http_query_value(call->request->query, BYTES("filter_by_prefix"), &scratch),
        .now_ms = net_loop_now_ms(call->api->hub->loop),
    };

    buffer_append_text(&listing.json, "{\"channels\":{");
    channel_registry_each(call->app->channels, list_channel, &listing);
    buffer_append_text(&listing.json, "}}");
    api_respond_json(call->conn, 200, buffer_bytes(&listing.json));
    buffer_deinit(&listing.json);
    buffer_deinit(&scratch);
}

void api_channels_show(struct api_call *call)
{
    struct channel *channel = channel_registry_find(call->app->channels, call->argument);
    struct api_info info = info_of(call->request);
    struct buffer json = {0};

    info.occupied = true;
    api_info_write(&json, info, channel, net_loop_now_ms(call->api->hub->loop));
    api_respond_json(call->conn, 200, buffer_bytes(&json));
    buffer_deinit(&json);
    if (channel != NULL)
        channel_unref(channel);
}
