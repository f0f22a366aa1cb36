#include "api/parameters.h"

#include "base/check.h"
#include "http/query.h"

/* Appends to `texts`, which never moves: it has room for the whole query. */
static struct bytes decode(struct buffer *texts, struct bytes text)
{
    const size_t from = texts->len;

    http_query_decode(texts, text, true);
    return (struct bytes){texts->data + from, texts->len - from};
}

static struct api_parameters_item parameter_of(struct buffer *texts, struct bytes name,
                                               struct bytes value)
{
    struct api_parameters_item item = {.full_name = decode(texts, name)};
    const char *bracket = memchr(item.full_name.data, '[', item.full_name.len);

    item.name = item.full_name;
    item.is_of_list = bracket != NULL;
    if (item.is_of_list)
        item.name.len = (size_t)(bracket - item.full_name.data);
    item.value = decode(texts, value);
    return item;
}

int api_parameters_compare(struct bytes name, struct bytes other)
{
    const int order = memcmp(name.data, other.data, name.len < other.len ? name.len : other.len);

    if (order != 0)
        return order;
    return name.len < other.len ? -1 : name.len > other.len;
}

/* Inserts the item behind all whose names are not greater. */
static void insert(struct api_parameters *parameters, struct api_parameters_item item)
{
    struct api_parameters_item *at = &parameters->items[parameters->count++];

    while (at > parameters->items && api_parameters_compare(item.name, at[-1].name) < 0) {
        *at = at[-1];
        at--;
    }
    *at = item;
}

bool api_parameters_read(struct api_parameters *parameters, struct bytes query)
{
    struct bytes rest = query;
    struct bytes name;
    struct bytes value;
    const char *texts;

    parameters->count = 0;
    parameters->texts = (struct buffer){0};
    texts = buffer_reserve(&parameters->texts, query.len + 1);
    while (http_query_next(&rest, &name, &value)) {
        if (parameters->count == API_PARAMETERS_COUNT_MAX)
            return false;
        insert(parameters, parameter_of(&parameters->texts, name, value));
    }
    CHECK(parameters->texts.data == texts);
    return true;
}

void api_parameters_deinit(struct api_parameters *parameters)
{
    buffer_deinit(&parameters->texts);
}

/* Of several parameters of one name, the last that is not a list element replaces all before it. */
bool api_parameters_next(const struct api_parameters *parameters, size_t *index, size_t *from,
                         size_t *count)
{
    const struct api_parameters_item *first = &parameters->items[*index];

    if (*index == parameters->count)
        return false;
    *from = *index;
    for (; *index < parameters->count && bytes_equal(parameters->items[*index].name, first->name);
         (*index)++)
        if (!parameters->items[*index].is_of_list)
            *from = *index;
    *count = *index - *from;
    return true;
}

static bool find(const struct api_parameters *parameters, struct bytes name, size_t *from,
                 size_t *count)
{
    size_t index = 0;

    while (api_parameters_next(parameters, &index, from, count))
        if (bytes_equal(parameters->items[*from].name, name))
            return true;
    return false;
}

void api_parameters_append(const struct api_parameters *parameters, struct bytes name,
                           struct buffer *out)
{
    size_t from;
    size_t count;

    if (!find(parameters, name, &from, &count))
        return;
    for (size_t i = from; i < from + count; i++) {
        if (i > from)
            buffer_append_char(out, ',');
        buffer_append_bytes(out, parameters->items[i].value);
    }
}

struct bytes api_parameters_value(const struct api_parameters *parameters, struct bytes name)
{
    size_t from;
    size_t count;

    if (!find(parameters, name, &from, &count) || count > 1 || parameters->items[from].is_of_list)
        return BYTES_NONE;
    return parameters->items[from].value;
}

bool api_parameters_has_list(const struct api_parameters *parameters, struct bytes prefix)
{
    for (size_t i = 0; i < parameters->count; i++)
        if (parameters->items[i].is_of_list && bytes_starts_with(parameters->items[i].name, prefix))
            return true;
    return false;
}
