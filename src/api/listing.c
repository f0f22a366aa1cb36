#include "api/listing.h"

#include "base/jsonwrite.h"
#include "base/mem.h"

/* Channels written in one step: some 20 µs. */
#define STEP_COUNT 128
/* From so much JSON on it is a piece: a list may have tens of megabytes, and whoever copied them
 * at one time would keep others waiting. */
#define PIECE_BYTES_MIN 65536

static size_t found_count(const struct api_listing *listing)
{
    return listing->channels.len / sizeof(struct channel *);
}

static struct channel *found_at(const struct api_listing *listing, size_t index)
{
    return ((struct channel *const *)(const void *)listing->channels.data)[index];
}

void api_listing_deinit(struct api_listing *listing)
{
    for (size_t i = listing->written_count; i < found_count(listing); i++) {
        struct channel *channel = found_at(listing, i);

        channel_unref(channel);
    }
    for (size_t i = 0; i < listing->pieces_count; i++)
        net_chunk_unref(listing->pieces[i]);
    free(listing->pieces);
    buffer_deinit(&listing->channels);
    buffer_deinit(&listing->json);
}

static void end_piece(struct api_listing *listing)
{
    struct net_chunk *piece = net_chunk_new(listing->json.len);

    net_chunk_append(piece, listing->json.data, listing->json.len);
    listing->pieces = mem_room(listing->pieces, listing->pieces_count, &listing->pieces_cap,
                               sizeof(struct net_chunk *));
    listing->pieces[listing->pieces_count++] = piece;
    buffer_clear(&listing->json);
}

static void append_name(struct api_listing *listing, struct bytes name)
{
    if (listing->json.len >= PIECE_BYTES_MIN)
        end_piece(listing);
    buffer_append_text(&listing->json, listing->has_any ? "," : "{\"channels\":{");
    listing->has_any = true;
    jsonwrite_string(&listing->json, name);
    buffer_append_char(&listing->json, ':');
}

void api_listing_end(struct api_listing *listing)
{
    buffer_append_text(&listing->json, listing->has_any ? "}}" : "{\"channels\":{}}");
}

static void write_found(struct api_listing *listing, struct api_info info, uint64_t now_ms)
{
    const size_t left = found_count(listing) - listing->written_count;
    const size_t end = listing->written_count + (left < STEP_COUNT ? left : STEP_COUNT);

    while (listing->written_count < end) {
        struct channel *channel = found_at(listing, listing->written_count++);

        append_name(listing, channel_name(channel));
        api_info_write_local(&listing->json, info, channel, now_ms);
        channel_unref(channel);
    }
}

bool api_listing_step(struct api_listing *listing, struct channel_registry *channels,
                      struct bytes prefix, struct api_info info, uint64_t now_ms)
{
    if (listing->written_count < found_count(listing)) {
        write_found(listing, info, now_ms);
        return false;
    }
    if (listing->parts_count == CHANNEL_REGISTRY_PARTS_COUNT) {
        api_listing_end(listing);
        return true;
    }
    buffer_clear(&listing->channels);
    listing->written_count = 0;
    channel_registry_collect(channels, listing->parts_count++, prefix, &listing->channels);
    return false;
}

void api_listing_write_cluster(struct api_listing *listing,
                               const struct cluster_query_answer *answer, struct api_info info)
{
    for (size_t i = 0; i < answer->channels_count; i++) {
        append_name(listing, answer->channels[i].name);
        api_info_write_cluster(&listing->json, info, &answer->channels[i]);
    }
}
