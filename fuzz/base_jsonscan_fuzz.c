/* Truth: we accept as JSON what jansson accepts, and each string, element and member has the same
 * content. */

#include "base/jsonscan.h"

#include "fuzz.h"
#include "support/oracle.h"

static void compare(const struct jsonscan_value *value, const json_t *oracled);

static void compare_array(struct bytes raw, const json_t *oracled)
{
    struct jsonscan_value element;
    size_t count = 0;

    while (jsonscan_next_element(&raw, &element))
        compare(&element, json_array_get(oracled, count++));
    CHECK(count == json_array_size(oracled));
}

static void compare_object(struct bytes raw, json_t *oracled)
{
    const char *name;
    json_t *member;

    json_object_foreach(oracled, name, member)
    {
        struct jsonscan_field field = {.name = bytes_of(name)};

        CHECK(jsonscan_object(raw, &field, 1));
        compare(&field.value, member);
    }
}

static void compare(const struct jsonscan_value *value, const json_t *oracled)
{
    struct buffer scratch = {0};

    switch (value->type) {
    case JSONSCAN_NULL:
        CHECK(json_is_null(oracled));
        break;
    case JSONSCAN_BOOL:
        CHECK(json_is_boolean(oracled));
        break;
    case JSONSCAN_NUMBER:
        CHECK(json_is_number(oracled));
        break;
    case JSONSCAN_STRING:
        CHECK(json_is_string(oracled));
        CHECK(bytes_equal(jsonscan_text(value, &scratch), oracle_string(oracled)));
        break;
    case JSONSCAN_ARRAY:
        CHECK(json_is_array(oracled));
        compare_array(value->raw, oracled);
        break;
    case JSONSCAN_OBJECT:
        CHECK(json_is_object(oracled));
        compare_object(value->raw, (json_t *)(uintptr_t)oracled);
        break;
    case JSONSCAN_ABSENT:
        CHECK(false);
    }
    buffer_deinit(&scratch);
}

/* Nested deeper than we or jansson accept. */
static bool is_deep(struct bytes text)
{
    size_t brackets_count = 0;

    for (size_t i = 0; i < text.len; i++)
        brackets_count += text.data[i] == '[' || text.data[i] == '{';
    return brackets_count > JSONSCAN_DEPTH_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct bytes text = fuzz_bytes(data, len);
    struct jsonscan_value value;
    struct jsonscan_field field = {.name = BYTES("a")};
    const bool is_json = jsonscan_parse(text, &value);
    json_t *oracled;
    enum oracle_verdict verdict;

    if (is_deep(text))
        return 0;
    verdict = oracle_text(text, &oracled);
    if (verdict != ORACLE_UNDECIDED)
        CHECK(is_json == (verdict == ORACLE_ACCEPTED));
    CHECK(jsonscan_object(text, &field, 1) == (is_json && value.type == JSONSCAN_OBJECT));
    if (verdict == ORACLE_ACCEPTED)
        compare(&value, oracled);
    json_decref(oracled);
    return 0;
}
