/* An answer with blanks, each of which is filled with what is known of a channel: a JSON text of
 * which only those pieces are missing.
 *
 * Thread: the call's. Memory: it keeps copies, and owns nothing where it is empty.
 */
#pragma once

#include "api/info.h"

struct api_template {
    struct buffer text;  /* without the blanks */
    struct buffer names; /* of all channels, one behind the other */
    struct buffer slots; /* of struct api_template_slot, in order */
};

struct api_template_slot {
    struct api_info info;
    size_t at; /* in the text */
    size_t name_from;
    size_t name_len;
};

void api_template_deinit(struct api_template *template);

/* The next blank, where the text ends now. */
void api_template_append_slot(struct api_template *template, struct bytes name,
                              struct api_info info);

size_t api_template_slots_count(const struct api_template *template);

/* The name of a blank's channel; borrowed until the next is appended. */
struct bytes api_template_name(const struct api_template *template, size_t index);

/* Appends the text, its blanks filled by what the cluster says of their channels, one each, or by
 * what this node knows. */
void api_template_fill_cluster(const struct api_template *template,
                               const struct cluster_query_answer *answer, struct buffer *out);
void api_template_fill_local(const struct api_template *template, struct channel_registry *channels,
                             uint64_t now_ms, struct buffer *out);
