/* Truth: a body that is no JSON is refused as such; a valid one has, by jansson's reading, what an
 * event needs; for an invalid one, the errors are JSON. */

#include "api/body.h"

#include "fuzz.h"
#include "support/app.h"
#include "support/oracle.h"

static void check_channels(const struct api_body_event *event)
{
    struct bytes cursor = BYTES_NONE;
    struct jsonscan_value channel;
    size_t count = 0;

    while (api_body_next_channel(event, &cursor, &channel)) {
        CHECK(channel.type == JSONSCAN_STRING && channel.raw.len > 2);
        count++;
    }
    CHECK(count > 0);
}

static void check_errors(const struct buffer *errors)
{
    struct buffer object = {0};
    json_t *root;

    buffer_append_char(&object, '{');
    buffer_append_bytes(&object, buffer_bytes(errors));
    buffer_append_char(&object, '}');
    CHECK(oracle_text(buffer_bytes(&object), &root) == ORACLE_ACCEPTED);
    CHECK(json_object_size(root) > 0);
    json_decref(root);
    buffer_deinit(&object);
}

static void check_event(struct bytes json, const struct config_app *app)
{
    struct api_body_event event;
    struct buffer errors = {0};
    json_t *root;

    if (api_body_read_event(json, app, "", &event, &errors) == API_BODY_VALID) {
        CHECK(errors.len == 0);
        check_channels(&event);
        if (oracle_text(json, &root) == ORACLE_ACCEPTED) {
            CHECK(oracle_member(root, "name").len > 0);
            CHECK(json_is_string(json_object_get(root, "data")));
        }
        json_decref(root);
    } else {
        check_errors(&errors);
    }
    buffer_deinit(&errors);
}

static void check_batch(struct bytes json, const struct config_app *app)
{
    struct jsonscan_value batch;
    struct jsonscan_value element;
    struct buffer errors = {0};

    if (api_body_read_batch(json, app, &batch, &errors) == API_BODY_VALID) {
        struct bytes rest = batch.raw;

        CHECK(errors.len == 0);
        while (jsonscan_next_element(&rest, &element))
            check_event(element.raw, app);
    } else {
        check_errors(&errors);
    }
    buffer_deinit(&errors);
}

static void check_no_json(struct bytes text, const struct config_app *app)
{
    struct api_body_event event;
    struct jsonscan_value batch;
    struct buffer errors = {0};

    CHECK(api_body_read_event(text, app, "", &event, &errors) == API_BODY_NO_JSON);
    CHECK(api_body_read_batch(text, app, &batch, &errors) == API_BODY_NO_JSON);
    CHECK(errors.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct bytes json = fuzz_bytes(data, len);
    struct config_app app = app_of_documentation();
    struct jsonscan_value value;

    /* The caller checks that: only UTF-8 is parsed. */
    if (!utf8_is_valid(json))
        return 0;
    if (!jsonscan_parse(json, &value)) {
        check_no_json(json, &app);
        return 0;
    }
    app.strict = len % 2;
    check_event(json, &app);
    check_batch(json, &app);
    return 0;
}
