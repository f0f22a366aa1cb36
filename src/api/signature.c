#include "api/signature.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/printable.h"
#include "http/query.h"
#include "pusher/auth.h"

#include <string.h>
#include <time.h>

#define PARAMETERS_COUNT_MAX 64
/* What the signed text mostly has beyond the path and the parameters. */
#define SIGNED_TEXT_MORE_LEN 128

/* One parameter of the query, decoded; its texts lie in `texts` of the whole. */
struct parameter {
    size_t name_at;
    size_t name_len;
    size_t value_at;
    size_t value_len;
};

struct parameters {
    struct parameter items[PARAMETERS_COUNT_MAX];
    size_t count;
    struct buffer texts;
};

static struct bytes name_of(const struct parameters *parameters, size_t index)
{
    const struct parameter *item = &parameters->items[index];

    return (struct bytes){parameters->texts.data + item->name_at, item->name_len};
}

static struct bytes value_of(const struct parameters *parameters, size_t index)
{
    const struct parameter *item = &parameters->items[index];

    return (struct bytes){parameters->texts.data + item->value_at, item->value_len};
}

static size_t find(const struct parameters *parameters, struct bytes name)
{
    size_t i = 0;

    while (i < parameters->count && !bytes_equal(name_of(parameters, i), name))
        i++;
    return i;
}

static struct bytes value_named(const struct parameters *parameters, struct bytes name)
{
    const size_t i = find(parameters, name);

    return i < parameters->count ? value_of(parameters, i) : BYTES_NONE;
}

/* Another value of an array: joined to the former ones with a comma. */
static void join_value(struct parameters *parameters, struct parameter *item, struct bytes value)
{
    const size_t at = parameters->texts.len;

    buffer_reserve(&parameters->texts, item->value_len + 1 + value.len * 3);
    buffer_append(&parameters->texts, parameters->texts.data + item->value_at, item->value_len);
    buffer_append_char(&parameters->texts, ',');
    http_query_decode(&parameters->texts, value, true);
    item->value_at = at;
    item->value_len = parameters->texts.len - at;
}

static void set_value(struct parameters *parameters, struct parameter *item, struct bytes value)
{
    item->value_at = parameters->texts.len;
    http_query_decode(&parameters->texts, value, true);
    item->value_len = parameters->texts.len - item->value_at;
}

static bool add(struct parameters *parameters, struct bytes name, struct bytes value)
{
    struct parameter item = {.name_at = parameters->texts.len};
    const char *bracket;
    size_t same;

    http_query_decode(&parameters->texts, name, true);
    item.name_len = parameters->texts.len - item.name_at;
    bracket = memchr(parameters->texts.data + item.name_at, '[', item.name_len);
    if (bracket != NULL)
        item.name_len = (size_t)(bracket - parameters->texts.data) - item.name_at;
    same = find(parameters, (struct bytes){parameters->texts.data + item.name_at, item.name_len});
    if (same < parameters->count) {
        if (bracket != NULL)
            join_value(parameters, &parameters->items[same], value);
        else
            set_value(parameters, &parameters->items[same], value);
        return true;
    }
    if (parameters->count == PARAMETERS_COUNT_MAX)
        return false;
    set_value(parameters, &item, value);
    parameters->items[parameters->count++] = item;
    return true;
}

static int compare(struct bytes a, struct bytes b)
{
    const int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

static void sort(struct parameters *parameters)
{
    for (size_t i = 1; i < parameters->count; i++)
        for (size_t at = i;
             at > 0 && compare(name_of(parameters, at), name_of(parameters, at - 1)) < 0; at--) {
            const struct parameter item = parameters->items[at];

            parameters->items[at] = parameters->items[at - 1];
            parameters->items[at - 1] = item;
        }
}

static bool read_query(struct parameters *parameters, struct bytes query)
{
    struct bytes rest = query;
    struct bytes name;
    struct bytes value;

    parameters->count = 0;
    parameters->texts = (struct buffer){0};
    buffer_reserve(&parameters->texts, query.len + 1);
    while (http_query_next(&rest, &name, &value))
        if (!add(parameters, name, value))
            return false;
    sort(parameters);
    return true;
}

/* What takes part in the signature under its own name. */
static bool is_signed(struct bytes name)
{
    return !bytes_equal(name, BYTES("auth_signature")) && !bytes_equal(name, BYTES("body_md5")) &&
           !bytes_equal(name, BYTES("appId")) && !bytes_equal(name, BYTES("appKey")) &&
           !bytes_equal(name, BYTES("channelName"));
}

static void append_pair(struct buffer *out, size_t start, struct bytes name, struct bytes value)
{
    if (out->len > start)
        buffer_append_char(out, '&');
    buffer_append_bytes(out, name);
    buffer_append_char(out, '=');
    buffer_append_bytes(out, value);
}

static void append_body_md5(struct buffer *out, size_t start, const struct api_call *call)
{
    const char *known = call->body_md5;
    char hex[DIGEST_MD5_HEX_LEN];

    if (known == NULL)
        digest_md5(call->request->body, hex);
    append_pair(out, start, BYTES("body_md5"),
                (struct bytes){known != NULL ? known : hex, sizeof hex});
}

/* `METHOD\nPATH\nk=v&k=v`, with the MD5 of the body that came in its place among the others. */
static void write_signed_text(struct buffer *out, const struct api_call *call, struct bytes path,
                              const struct parameters *parameters)
{
    bool needs_md5 = call->request->body.len > 0;
    size_t start;

    buffer_append_bytes(out, call->request->method);
    buffer_append_char(out, '\n');
    buffer_append_bytes(out, path);
    buffer_append_char(out, '\n');
    start = out->len;
    for (size_t i = 0; i < parameters->count; i++) {
        const struct bytes name = name_of(parameters, i);

        if (!is_signed(name))
            continue;
        if (needs_md5 && compare(BYTES("body_md5"), name) < 0) {
            append_body_md5(out, start, call);
            needs_md5 = false;
        }
        append_pair(out, start, name, value_of(parameters, i));
    }
    if (needs_md5)
        append_body_md5(out, start, call);
}

static bool is_right(const struct api_call *call, struct bytes path,
                     const struct parameters *parameters, struct buffer *text)
{
    const struct bytes signature = value_named(parameters, BYTES("auth_signature"));

    buffer_clear(text);
    write_signed_text(text, call, path, parameters);
    return pusher_auth_is_signature(pusher_app_settings(call->app), buffer_bytes(text), signature);
}

/* Some SDKs sign the path before they escape it. */
static bool is_right_either_way(const struct api_call *call, struct bytes path,
                                const struct parameters *parameters, struct buffer *text)
{
    struct buffer decoded = {0};
    bool is_valid;

    buffer_reserve(text, path.len + parameters->texts.len + SIGNED_TEXT_MORE_LEN);
    is_valid = is_right(call, path, parameters, text);

    if (!is_valid && path.len > 0 && memchr(path.data, '%', path.len) != NULL) {
        http_query_decode(&decoded, path, false);
        is_valid = is_right(call, buffer_bytes(&decoded), parameters, text);
        buffer_deinit(&decoded);
    }
    return is_valid;
}

/* False where the time is too far off; says by how much. */
static bool is_timely(const struct api_call *call, const struct parameters *parameters,
                      struct buffer *refusal)
{
    const uint32_t tolerance_s = pusher_app_settings(call->app)->auth_timestamp_tolerance_s;
    const int64_t now_s = (int64_t)time(NULL);
    uint64_t sent_s;
    int64_t skew_s;

    if (tolerance_s == 0)
        return true;
    if (!bytes_to_number(value_named(parameters, BYTES("auth_timestamp")), INT64_MAX, &sent_s)) {
        buffer_append_text(refusal, "auth_timestamp is missing or not a whole number of seconds.");
        return false;
    }
    skew_s = now_s - (int64_t)sent_s;
    if (skew_s <= (int64_t)tolerance_s && skew_s >= -(int64_t)tolerance_s)
        return true;
    buffer_printf(refusal,
                  "auth_timestamp is %lld seconds %s the server's time; %u are tolerated. Compare "
                  "the clocks of both machines.",
                  (long long)(skew_s < 0 ? -skew_s : skew_s), skew_s < 0 ? "ahead of" : "behind",
                  tolerance_s);
    return false;
}

static void log_refused(const struct api_call *call, struct bytes text)
{
    struct buffer line = {0};

    if (!call->api->is_debug)
        return;
    printable_append(&line, text);
    log_warn("a signature was refused; the string to sign was \"%s\"", buffer_text(&line));
    buffer_deinit(&line);
}

bool api_signature_check(struct api_call *call, struct bytes path, struct buffer *refusal)
{
    const struct config_app *settings = pusher_app_settings(call->app);
    struct parameters parameters;
    struct buffer text = {0};
    bool is_valid = false;

    if (!read_query(&parameters, call->request->query)) {
        buffer_append_text(refusal, "Too many query parameters.");
    } else if (!is_right_either_way(call, path, &parameters, &text) ||
               !bytes_equal(value_named(&parameters, BYTES("auth_key")), bytes_of(settings->key))) {
        log_refused(call, buffer_bytes(&text));
        buffer_append_text(refusal, "Authentication signature invalid.");
    } else {
        is_valid = is_timely(call, &parameters, refusal);
    }
    buffer_deinit(&text);
    buffer_deinit(&parameters.texts);
    return is_valid;
}
