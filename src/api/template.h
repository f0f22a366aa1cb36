/* A JSON answer with slots, each of which is filled with the attributes of a channel.
 *
 * Thread: the call's. Memory: it owns copies; an empty one owns nothing.
 */
#pragma once

#include "api/info.h"

struct api_template {
    struct buffer text;  /* without the slots */
    struct buffer names; /* of the slots' channels, one after the other */
    struct buffer slots; /* of struct api_template_slot, in order */
};

struct api_template_slot {
    struct api_info info;
    size_t at; /* in the text */
    size_t name_from;
    size_t name_len;
};

void api_template_deinit(struct api_template *template);

/* Appends a slot at the present end of the text. */
void api_template_append_slot(struct api_template *template, struct bytes name,
                              struct api_info info);

size_t api_template_slots_count(const struct api_template *template);

/* The channel's name of a slot; borrowed until the next slot is appended. */
struct bytes api_template_name(const struct api_template *template, size_t index);

/* Appends the text with its slots filled: from the cluster's answer, which has one channel for each
 * slot, or from this node's state. */
void api_template_fill_cluster(const struct api_template *template,
                               const struct cluster_query_answer *answer, struct buffer *out);
void api_template_fill_local(const struct api_template *template, struct channel_registry *channels,
                             uint64_t now_ms, struct buffer *out);
