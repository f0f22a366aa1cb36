/* An answer with blanks, each of which is filled with what is known of a channel: a JSON text of
 * which only those pieces are missing.
 *
 * Thread: the call's. Memory: it keeps copies, and owns nothing where it is empty.
 */
#pragma once

#include "api/info.h"

struct api_form {
    struct buffer text;   /* without the blanks */
    struct buffer names;  /* of all channels, one behind the other */
    struct buffer blanks; /* of struct api_form_blank, in order */
};

struct api_form_blank {
    struct api_info info;
    size_t at; /* in the text */
    size_t name_from;
    size_t name_len;
};

void api_form_deinit(struct api_form *form);

/* The next blank, where the text ends now. */
void api_form_append_blank(struct api_form *form, struct bytes name, struct api_info info);

size_t api_form_blanks_count(const struct api_form *form);

/* The name of a blank's channel; borrowed until the next is appended. */
struct bytes api_form_name(const struct api_form *form, size_t index);

/* Appends the text, its blanks filled by what the cluster says of their channels, one each, or by
 * what this node knows. */
void api_form_fill_cluster(const struct api_form *form, const struct cluster_ask_answer *answer,
                           struct buffer *out);
void api_form_fill_local(const struct api_form *form, struct channel_registry *channels,
                         uint64_t now_ms, struct buffer *out);
