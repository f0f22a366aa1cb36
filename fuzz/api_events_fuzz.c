/* The whole answer to a signed publish with any body.
 *
 * Truths, with jansson as the oracle: the answer is 200 if the body is JSON and valid, 422 if it is
 * JSON and invalid, 400 if it is no JSON; only with 200 is anything published.
 *
 * The first byte of an input chooses the route, the rest is the body.
 */

#include "base/jsonscan.h"

#include "fuzz.h"
#include "support/api_fixture.h"

#define BODY_LEN_MAX 8000

static struct api_fixture fixture;

/* --- what should be ------------------------------------------------------------------------- */

static bool is_text(const json_t *value)
{
    return json_is_string(value);
}

static bool is_name(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) > 0;
}

static bool is_missing(const json_t *value)
{
    return value == NULL || json_is_null(value);
}

/* Whether it is an array, or an object with members, and `holds` is true for all its values. */
static bool is_list_of(json_t *list, bool (*holds)(const json_t *value), size_t count_min)
{
    const char *name;
    size_t index;
    json_t *value;

    if (json_is_array(list)) {
        json_array_foreach(list, index, value)
        {
            if (!holds(value))
                return false;
        }
        return json_array_size(list) >= count_min;
    }
    json_object_foreach(list, name, value)
    {
        if (!holds(value))
            return false;
    }
    return json_object_size(list) > 0;
}

static bool has_channel(const json_t *event)
{
    json_t *channels = json_object_get(event, "channels");

    if (!is_missing(channels))
        return is_list_of(channels, is_name, 1);
    return is_name(json_object_get(event, "channel"));
}

static bool is_event(const json_t *event)
{
    const json_t *socket_id = json_object_get(event, "socket_id");
    const json_t *info = json_object_get(event, "info");

    return is_name(json_object_get(event, "name")) && is_text(json_object_get(event, "data")) &&
           has_channel(event) && (is_missing(socket_id) || is_text(socket_id)) &&
           (is_missing(info) || is_text(info));
}

static bool is_right(const json_t *root, bool is_batch)
{
    return is_batch ? is_list_of(json_object_get(root, "batch"), is_event, 0) : is_event(root);
}

static size_t count_of(struct bytes text, char c)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += text.data[i] == c;
    return count;
}

/* jansson accepts deeper nesting than we do. */
static bool may_be_deep(struct bytes body)
{
    return count_of(body, '[') + count_of(body, '{') >= JSONSCAN_DEPTH_MAX;
}

/* Of two members with one name jansson keeps only the last; in a list all of them count. */
static bool may_be_double(struct bytes body)
{
    return count_of(body, '{') > 1;
}

/* --- what is -------------------------------------------------------------------------------- */

static unsigned ask(bool is_batch, struct bytes body)
{
    struct bytes answer;
    const unsigned status = api_fixture_call(
        &fixture, "POST", is_batch ? "/apps/3/batch_events" : "/apps/3/events", "", body, &answer);

    if (status == 200 || status == 422) {
        json_t *root;

        CHECK(oracle_text(answer, &root) != ORACLE_REFUSED);
        json_decref(root);
    }
    return status;
}

static void check(bool is_batch, struct bytes body)
{
    const uint64_t published_before = metrics_read(&fixture.metrics.events_published);
    const unsigned status = ask(is_batch, body);
    json_t *root;
    const enum oracle_verdict verdict = oracle_text(body, &root);

    CHECK(status == 200 || status == 400 || status == 422);
    if (status != 200)
        CHECK(metrics_read(&fixture.metrics.events_published) == published_before);
    else if (!is_batch)
        CHECK(metrics_read(&fixture.metrics.events_published) == published_before + 1);
    if (!utf8_is_valid(body) || verdict == ORACLE_REFUSED) {
        CHECK(status == 400);
    } else if (verdict == ORACLE_ACCEPTED) {
        const bool is_good = is_right(root, is_batch);

        CHECK(status != 400 || may_be_deep(body));
        CHECK(status != 200 || is_good);
        CHECK(status != 422 || !is_good || may_be_double(body));
    }
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 1 || len > BODY_LEN_MAX)
        return 0;
    if (fixture.worker.loop == NULL)
        api_fixture_open(&fixture, "");
    check(data[0] % 2 == 1, fuzz_bytes(data + 1, len - 1));
    return 0;
}
