/* The parameters of a request's query, decoded. A name with brackets, as PHP writes arrays
 * (`info[]=a&info[]=b`), is a list of that name.
 *
 * Thread: any. Memory: api_parameters_deinit() frees it; all texts are borrowed from the struct and
 * from the query.
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
        items[API_PARAMETERS_COUNT_MAX]; /* sorted by name, then in the order sent */
    size_t count;
    struct buffer texts;
};

/* False if there are too many; call api_parameters_deinit() in either case. */
bool api_parameters_read(struct api_parameters *parameters, struct bytes query);
void api_parameters_deinit(struct api_parameters *parameters);

/* Finds the next name: the `*count` items from `parameters->items + *from` on make its value, which
 * are one, or all of a list. `*index` is 0 before the first call. False at the end. */
bool api_parameters_next(const struct api_parameters *parameters, size_t *index, size_t *from,
                         size_t *count);

/* Appends the value of that name: of a list its values, joined with commas; of several the last. */
void api_parameters_append(const struct api_parameters *parameters, struct bytes name,
                           struct buffer *out);

/* The value of that name; absent if there is none, or if it is a list. */
struct bytes api_parameters_value(const struct api_parameters *parameters, struct bytes name);

/* Whether a name that begins with `prefix` is given as a list. */
bool api_parameters_has_list(const struct api_parameters *parameters, struct bytes prefix);

/* The order of the parameters in the signed text, as strcmp() returns it. */
int api_parameters_compare(struct bytes name, struct bytes other);
