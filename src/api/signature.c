#include "api/signature.h"

#include "api/parameters.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/printable.h"
#include "http/query.h"
#include "pusher/auth.h"

#include <string.h>
#include <time.h>

/* The usual length of the signed text beyond the path and the parameters. */
#define SIGNED_TEXT_MORE_LEN 128

/* One way to compose the signed text; most SDKs use write_joined(). */
typedef void (*write_fn)(struct buffer *out, const struct api_call *call);

/* Whether the parameter is signed under its own name. */
static bool is_signed(struct bytes name)
{
    return !bytes_equal(name, BYTES("auth_signature")) && !bytes_equal(name, BYTES("body_md5")) &&
           !bytes_equal(name, BYTES("appId")) && !bytes_equal(name, BYTES("appKey")) &&
           !bytes_equal(name, BYTES("channelName"));
}

static void append_name(struct buffer *out, size_t start, struct bytes name)
{
    if (out->len > start)
        buffer_append_char(out, '&');
    buffer_append_bytes(out, name);
    buffer_append_char(out, '=');
}

/* --- the body ------------------------------------------------------------------------------- */

static bool names_md5(const struct api_call *call)
{
    return api_parameters_value(call->parameters, BYTES("body_md5")).data != NULL;
}

/* The MD5 of an empty body is signed only if the request names it: some SDKs sign it in every GET.
 */
static bool is_md5_signed(const struct api_call *call)
{
    return call->request->body.len > 0 || names_md5(call);
}

static void body_md5(const struct api_call *call, char hex[DIGEST_MD5_HEX_LEN])
{
    if (call->body_md5 != NULL)
        memcpy(hex, call->body_md5, DIGEST_MD5_HEX_LEN);
    else
        digest_md5(call->request->body, hex);
}

static bool is_sent_md5_right(const struct api_call *call)
{
    char hex[DIGEST_MD5_HEX_LEN];

    body_md5(call, hex);
    return bytes_equal(api_parameters_value(call->parameters, BYTES("body_md5")),
                       (struct bytes){hex, sizeof hex});
}

/* Signs the MD5 of the received body, whatever `body_md5` claims. */
static void append_body_md5(struct buffer *out, size_t start, const struct api_call *call)
{
    char hex[DIGEST_MD5_HEX_LEN];

    body_md5(call, hex);
    append_name(out, start, BYTES("body_md5"));
    buffer_append(out, hex, sizeof hex);
}

/* --- the query ------------------------------------------------------------------------------ */

/* `k=v&k=v` sorted by name, a list joined with commas, the MD5 sorted in among the others. */
static void write_joined(struct buffer *out, const struct api_call *call)
{
    const struct api_parameters *parameters = call->parameters;
    const size_t start = out->len;
    bool needs_md5 = is_md5_signed(call);
    size_t index = 0;
    size_t from;
    size_t count;

    while (api_parameters_next(parameters, &index, &from, &count)) {
        const struct bytes name = parameters->items[from].name;

        if (!is_signed(name))
            continue;
        if (needs_md5 && api_parameters_compare(BYTES("body_md5"), name) < 0) {
            append_body_md5(out, start, call);
            needs_md5 = false;
        }
        append_name(out, start, name);
        for (size_t i = from; i < from + count; i++) {
            if (i > from)
                buffer_append_char(out, ',');
            buffer_append_bytes(out, parameters->items[i].value);
        }
    }
    if (needs_md5)
        append_body_md5(out, start, call);
}

/* The same, but each element of a list as a parameter of its own, with its brackets. */
static void write_apart(struct buffer *out, const struct api_call *call)
{
    const struct api_parameters *parameters = call->parameters;
    const size_t start = out->len;
    bool needs_md5 = is_md5_signed(call);

    for (size_t i = 0; i < parameters->count; i++) {
        const struct api_parameters_item *item = &parameters->items[i];

        if (!is_signed(item->name))
            continue;
        if (needs_md5 && api_parameters_compare(BYTES("body_md5"), item->name) < 0) {
            append_body_md5(out, start, call);
            needs_md5 = false;
        }
        append_name(out, start, item->full_name);
        buffer_append_bytes(out, item->value);
    }
    if (needs_md5)
        append_body_md5(out, start, call);
}

/* Exactly as sent, with its escapes. */
static void write_as_sent(struct buffer *out, const struct api_call *call)
{
    static const struct bytes signature = {"auth_signature=", 15};
    const size_t start = out->len;
    struct bytes rest = call->request->query;
    struct bytes pair;

    while (bytes_next(&rest, '&', &pair)) {
        if (bytes_starts_with(pair, signature))
            continue;
        if (out->len > start)
            buffer_append_char(out, '&');
        buffer_append_bytes(out, pair);
    }
}

/* --- the whole ------------------------------------------------------------------------------ */

static void write_text(struct buffer *out, const struct api_call *call, struct bytes method,
                       struct bytes path, write_fn write_query)
{
    buffer_clear(out);
    buffer_append_bytes(out, method);
    buffer_append_char(out, '\n');
    buffer_append_bytes(out, path);
    buffer_append_char(out, '\n');
    write_query(out, call);
}

static bool is_right(const struct api_call *call, struct bytes method, struct bytes path,
                     write_fn write_query, struct buffer *text)
{
    write_text(text, call, method, path, write_query);
    return pusher_auth_is_signature(
        pusher_app_settings(call->app), buffer_bytes(text),
        api_parameters_value(call->parameters, BYTES("auth_signature")));
}

static bool is_right_for_path(const struct api_call *call, struct bytes method, struct bytes path,
                              struct buffer *text)
{
    if (is_right(call, method, path, write_joined, text) ||
        (api_parameters_has_list(call->parameters, BYTES("")) &&
         is_right(call, method, path, write_apart, text)))
        return true;
    /* The text as sent holds the MD5 as sent, so that is checked against the body. */
    return (call->request->body.len == 0 || is_sent_md5_right(call)) &&
           is_right(call, method, path, write_as_sent, text);
}

/* Some SDKs sign the path unescaped. */
static bool is_right_either_way(const struct api_call *call, struct bytes method, struct bytes path,
                                struct buffer *text)
{
    struct buffer decoded = {0};
    bool is_valid = is_right_for_path(call, method, path, text);

    if (!is_valid && path.len > 0 && memchr(path.data, '%', path.len) != NULL) {
        http_query_decode(&decoded, path, false);
        is_valid = is_right_for_path(call, method, buffer_bytes(&decoded), text);
        buffer_deinit(&decoded);
    }
    return is_valid;
}

/* A signature for GET is valid for HEAD, too. */
static bool has_right_signature(const struct api_call *call, struct bytes path)
{
    const struct bytes method = call->request->method;
    struct buffer text = {0};
    bool is_valid;

    buffer_reserve(&text, path.len + call->request->query.len + SIGNED_TEXT_MORE_LEN);
    is_valid = is_right_either_way(call, method, path, &text) ||
               (bytes_equal(method, BYTES("HEAD")) &&
                is_right_either_way(call, BYTES("GET"), path, &text));
    buffer_deinit(&text);
    return is_valid;
}

static bool has_right_key(const struct api_call *call)
{
    return bytes_equal(api_parameters_value(call->parameters, BYTES("auth_key")),
                       bytes_of(pusher_app_settings(call->app)->key));
}

static bool is_authentic(const struct api_call *call, struct bytes path)
{
    const struct api_parameters *parameters = call->parameters;

    if (api_parameters_has_list(parameters, BYTES("auth_")) ||
        api_parameters_has_list(parameters, BYTES("body_md5")))
        return false;
    if (!has_right_key(call))
        return false;
    if (call->request->body.len == 0 && names_md5(call) && !is_sent_md5_right(call))
        return false;
    return has_right_signature(call, path);
}

/* False if the request's time is too far off; `refusal` says by how much. */
static bool is_timely(const struct api_call *call, struct api_signature_refusal *refusal)
{
    const uint32_t tolerance_s = pusher_app_settings(call->app)->auth_timestamp_tolerance_s;
    const int64_t now_s = (int64_t)time(NULL);
    uint64_t sent_s;
    int64_t skew_s;

    if (tolerance_s == 0)
        return true;
    refusal->reason = METRICS_APP_REJECT_TIMESTAMP;
    if (!bytes_to_number(api_parameters_value(call->parameters, BYTES("auth_timestamp")), INT64_MAX,
                         &sent_s)) {
        buffer_append_text(&refusal->text,
                           "auth_timestamp is missing or not a whole number of seconds.");
        return false;
    }
    skew_s = now_s - (int64_t)sent_s;
    if (skew_s <= (int64_t)tolerance_s && skew_s >= -(int64_t)tolerance_s)
        return true;
    buffer_printf(&refusal->text,
                  "auth_timestamp is %lld seconds %s the server's time; %u are tolerated. Compare "
                  "the clocks of both machines.",
                  (long long)(skew_s < 0 ? -skew_s : skew_s), skew_s < 0 ? "ahead of" : "behind",
                  tolerance_s);
    return false;
}

static void log_refused(const struct api_call *call, struct bytes path)
{
    struct buffer text = {0};
    struct buffer line = {0};

    if (!call->is_debug)
        return;
    write_text(&text, call, call->request->method, path, write_joined);
    printable_append(&line, buffer_bytes(&text));
    log_warn("a signature was refused; the string to sign was \"%s\"", buffer_text(&line));
    buffer_deinit(&text);
    buffer_deinit(&line);
}

bool api_signature_check(const struct api_call *call, struct bytes path,
                         struct api_signature_refusal *refusal)
{
    if (is_authentic(call, path))
        return is_timely(call, refusal);
    log_refused(call, path);
    refusal->reason = has_right_key(call) ? METRICS_APP_REJECT_SIGNATURE : METRICS_APP_REJECT_KEY;
    buffer_append_text(&refusal->text, "Authentication signature invalid.");
    return false;
}
