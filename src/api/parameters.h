/* The parameters of a request's query, decoded. A name with a bracket behind it, as PHP writes
 * arrays (`info[]=a&info[]=b`), is a list of that name.
 *
 * Thread: any. Memory: api_parameters_deinit() frees it; all texts are borrowed from it and from
 * the query.
 */
#pragma once

#include "base/buffer.h"

#define API_PARAMETERS_COUNT_MAX 64

struct api_parameters_item {
    struct bytes name;      /* without the brackets */
    struct bytes full_name; /* with them */
    struct bytes value;
    bool is_of_list;
};

struct api_parameters {
    struct api_parameters_item
        items[API_PARAMETERS_COUNT_MAX]; /* by name, then as they were sent */
    size_t count;
    struct buffer texts;
};

/* False where there are too many; api_parameters_deinit() either way. */
bool api_parameters_read(struct api_parameters *parameters, struct bytes query);
void api_parameters_deinit(struct api_parameters *parameters);

/* Before the first call `*index` is 0. The next name, and how many of the items from
 * `parameters->items + *from` on make its value: one, or all of a list. False at the end. */
bool api_parameters_next(const struct api_parameters *parameters, size_t *index, size_t *from,
                         size_t *count);

/* Appends the value of that name: of a list its values, joined with commas; of several the last. */
void api_parameters_append(const struct api_parameters *parameters, struct bytes name,
                           struct buffer *out);

/* The value of that name; absent where there is none, or a list. */
struct bytes api_parameters_value(const struct api_parameters *parameters, struct bytes name);

/* Whether a name that begins so is given as a list. */
bool api_parameters_has_list(const struct api_parameters *parameters, struct bytes prefix);

/* How parameters are ordered where they are signed. */
int api_parameters_compare(struct bytes name, struct bytes other);
