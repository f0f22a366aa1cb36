#include "api/body.h"

#include "support/app.h"
#include "support/oracle.h"
#include "support/unit.h"

/* The fields that are complained of, joined by blanks; "" where all holds. */
static void check(const struct config_app *app, const char *json, const char *should)
{
    char *exact = unit_exact(bytes_of(json));
    struct buffer errors = {0};
    struct buffer object = {0};
    struct buffer fields = {0};
    struct api_body_event event;
    const enum api_body_verdict verdict =
        api_body_read_event((struct bytes){exact, strlen(json)}, app, "", &event, &errors);
    const char *field;
    json_t *messages;
    json_t *root;

    assert_int_equal(verdict, errors.len == 0 ? API_BODY_VALID : API_BODY_INVALID);
    buffer_printf(&object, "{%s}", buffer_text(&errors));
    assert_int_equal(oracle_text(buffer_bytes(&object), &root), ORACLE_ACCEPTED);
    json_object_foreach(root, field, messages)
    {
        assert_true(json_is_string(json_array_get(messages, 0)));
        buffer_printf(&fields, "%s%s", fields.len ? " " : "", field);
    }
    if (!bytes_equal(buffer_bytes(&fields), bytes_of(should)))
        fail_msg("%s: \"%s\" instead of \"%s\"", json, buffer_text(&fields), should);
    json_decref(root);
    buffer_deinit(&errors);
    buffer_deinit(&object);
    buffer_deinit(&fields);
    free(exact);
}

static void an_event_holds_or_the_fields_that_do_not_are_named(void **state)
{
    static const char *const cases[][2] = {
        {"{\"name\":\"e\",\"data\":\"d\",\"channel\":\"a\"}", ""},
        {"{\"name\":\"e\",\"data\":\"\",\"channels\":[\"a\",\"b\"]}", ""},
        {"{\"name\":\"e\",\"data\":\"d\",\"channel\":null,\"channels\":[\"a\"]}", ""},
        {"{\"name\":\"e\",\"data\":\"d\",\"channel\":\"a\",\"channels\":null}", ""},
        {"{\"name\":\"e\",\"data\":\"d\",\"channel\":\"a\",\"socket_id\":\"1.1\",\"info\":\"x\"}",
         ""},
        {"{\"name\":\"e\",\"data\":\"d\",\"channel\":\"a\",\"socket_id\":null,\"info\":null}", ""},
        {"{\"data\":\"d\",\"channel\":\"a\"}", "name"},
        {"{\"name\":\"\",\"data\":\"d\",\"channel\":\"a\"}", "name"},
        {"{\"name\":null,\"data\":\"d\",\"channel\":\"a\"}", "name"},
        {"{\"name\":[],\"data\":\"d\",\"channel\":\"a\"}", "name"},
        {"{\"name\":\"e\",\"channel\":\"a\"}", "data"},
        {"{\"name\":\"e\",\"data\":null,\"channel\":\"a\"}", "data"},
        {"{\"name\":\"e\",\"data\":{},\"channel\":\"a\"}", "data"},
        {"{\"name\":\"e\",\"data\":\"d\"}", "channels"},
        {"{\"name\":\"e\",\"data\":\"d\",\"channels\":[]}", "channels"},
        {"{\"name\":\"e\",\"data\":\"d\",\"channels\":\"a\"}", "channels"},
        {"{\"name\":\"e\",\"data\":\"d\",\"channels\":{}}", "channels"},
        {"{\"name\":\"e\",\"data\":\"d\",\"channels\":[\"a\",1]}", "channels.1"},
        {"{\"name\":\"e\",\"data\":\"d\",\"channels\":[\"\"]}", "channels.0"},
        {"{\"name\":\"e\",\"data\":\"d\",\"channel\":1}", "channel"},
        {"{\"name\":\"e\",\"data\":\"d\",\"channel\":\"\"}", "channel"},
        {"{\"name\":\"e\",\"data\":\"d\",\"channel\":\"a\",\"socket_id\":1}", "socket_id"},
        {"{\"name\":\"e\",\"data\":\"d\",\"channel\":\"a\",\"info\":[]}", "info"},
        {"{}", "name data channels"},
        {"[]", "name data channels"},
        {"1", "name data channels"},
    };
    const struct config_app app = app_of_documentation();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check(&app, cases[i][0], cases[i][1]);
}

static void a_strict_app_has_pushers_limits(void **state)
{
    struct config_app app = app_of_documentation();
    struct buffer json = {0};

    (void)state;
    app.strict = true;
    check(&app, "{\"name\":\"e\",\"data\":\"d\",\"channel\":\"a b\"}", "channel");
    check(&app, "{\"name\":\"e\",\"data\":\"d\",\"channels\":[\"a\",\"a!\"]}", "channels.1");
    buffer_append_text(&json, "{\"name\":\"e\",\"data\":\"d\",\"channels\":[\"a\"");
    for (int i = 1; i < 100; i++)
        buffer_append_text(&json, ",\"a\"");
    buffer_append_text(&json, "]}");
    check(&app, buffer_text(&json), "");
    json.len -= 2;
    buffer_append_text(&json, ",\"a\"]}");
    check(&app, buffer_text(&json), "channels");
    app.strict = false;
    check(&app, buffer_text(&json), "");
    buffer_clear(&json);
    buffer_printf(&json, "{\"name\":\"%0*d\",\"data\":\"d\",\"channel\":\"a\"}", 200, 0);
    app.strict = true;
    check(&app, buffer_text(&json), "");
    buffer_clear(&json);
    buffer_printf(&json, "{\"name\":\"%0*d\",\"data\":\"d\",\"channel\":\"a\"}", 201, 0);
    check(&app, buffer_text(&json), "name");
    buffer_deinit(&json);
}

static void the_event_of_a_batch_is_named_by_its_place(void **state)
{
    const struct config_app app = app_of_documentation();
    struct api_body_event event;
    struct buffer errors = {0};

    (void)state;
    assert_int_equal(
        api_body_read_event(BYTES("{\"name\":\"e\"}"), &app, "batch.7.", &event, &errors),
        API_BODY_INVALID);
    assert_holds(buffer_bytes(&errors), "\"batch.7.data\":[\"");
    assert_holds(buffer_bytes(&errors), "\"batch.7.channel\":[\"");
    buffer_deinit(&errors);
}

static void its_channels_come_one_after_the_other(void **state)
{
    static const char *const bodies[][2] = {
        {"{\"name\":\"e\",\"data\":\"\",\"channel\":\"a\"}", "\"a\";"},
        {"{\"name\":\"e\",\"data\":\"\",\"channels\":[ \"a\" ,\"b\\u0041\", \"c\"]}",
         "\"a\";\"b\\u0041\";\"c\";"},
        {"{\"name\":\"e\",\"data\":\"\",\"channels\":[\"a\"],\"channel\":\"b\"}", "\"a\";"},
        {"{\"name\":\"e\",\"data\":\"\",\"channels\": { \"100\" : \"c\" , \"7\":\"a\" } }",
         "\"c\";\"a\";"},
    };
    const struct config_app app = app_of_documentation();

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct bytes cursor = BYTES_NONE;
        struct api_body_event event;
        struct jsonscan_value channel;
        struct buffer all = {0};

        assert_int_equal(api_body_read_event(bytes_of(bodies[i][0]), &app, "", &event, &all),
                         API_BODY_VALID);
        while (api_body_next_channel(&event, &cursor, &channel))
            buffer_printf(&all, "%.*s;", BYTES_ARGS(channel.raw));
        assert_bytes_equal(buffer_bytes(&all), bytes_of(bodies[i][1]));
        buffer_deinit(&all);
    }
}

static enum api_body_verdict read_batch(const struct config_app *app, const char *json,
                                        struct jsonscan_value *batch, struct buffer *errors)
{
    buffer_clear(errors);
    return api_body_read_batch(bytes_of(json), app, batch, errors);
}

static void a_batch_is_a_list(void **state)
{
    static const char *const wrong[] = {
        "{}", "[]", "1", "{\"batch\":null}", "{\"batch\":{}}", "{\"batch\":\"[]\"}"};
    struct config_app app = app_of_documentation();
    struct jsonscan_value batch;
    struct buffer errors = {0};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(read_batch(&app, wrong[i], &batch, &errors), API_BODY_INVALID);
        assert_holds(buffer_bytes(&errors), "\"batch\":[\"");
    }
    assert_int_equal(read_batch(&app, "{\"batch\":[{},1]}", &batch, &errors), API_BODY_VALID);
    assert_text(batch.raw, "[{},1]");
    assert_int_equal(read_batch(&app, "{\"batch\":{\"10\":{}}}", &batch, &errors), API_BODY_VALID);
    assert_text(batch.raw, "{\"10\":{}}");
    app.strict = true;
    assert_int_equal(read_batch(&app, "{\"batch\":[0,1,2,3,4,5,6,7,8,9]}", &batch, &errors),
                     API_BODY_VALID);
    assert_int_equal(read_batch(&app, "{\"batch\":[0,1,2,3,4,5,6,7,8,9,10]}", &batch, &errors),
                     API_BODY_INVALID);
    buffer_deinit(&errors);
}

#define BATCH "{\"batch\":[{\"name\":\"e\",\"data\":\"\",\"channel\":\"a\"}]}"

/* All that is needed may have come before the fault. */
static void what_is_no_json_as_a_whole_is_no_body(void **state)
{
    static const char event[] =
        "{\"name\":\"e\",\"data\":\"\",\"channels\":[\"a\"],\"socket_id\":\"1.2\"}";
    static const char *const more[] = {",", "}", "x", " {}", "null", "\x01", "/**/"};
    const struct config_app app = app_of_documentation();
    struct api_body_event read;
    struct jsonscan_value batch;
    struct buffer errors = {0};
    struct buffer text = {0};

    (void)state;
    for (size_t len = 0; len < sizeof event - 1; len++) {
        const struct bytes cut = {event, len};

        assert_int_equal(api_body_read_event(cut, &app, "", &read, &errors), API_BODY_NO_JSON);
    }
    for (size_t len = 0; len < sizeof BATCH - 1; len++) {
        const struct bytes cut = {BATCH, len};

        assert_int_equal(api_body_read_batch(cut, &app, &batch, &errors), API_BODY_NO_JSON);
    }
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        buffer_clear(&text);
        buffer_printf(&text, "%s%s", event, more[i]);
        assert_int_equal(api_body_read_event(buffer_bytes(&text), &app, "", &read, &errors),
                         API_BODY_NO_JSON);
        buffer_clear(&text);
        buffer_printf(&text, BATCH "%s", more[i]);
        assert_int_equal(api_body_read_batch(buffer_bytes(&text), &app, &batch, &errors),
                         API_BODY_NO_JSON);
    }
    assert_int_equal(errors.len, 0);
    buffer_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_holds_or_the_fields_that_do_not_are_named),
        cmocka_unit_test(a_strict_app_has_pushers_limits),
        cmocka_unit_test(the_event_of_a_batch_is_named_by_its_place),
        cmocka_unit_test(its_channels_come_one_after_the_other),
        cmocka_unit_test(a_batch_is_a_list),
        cmocka_unit_test(what_is_no_json_as_a_whole_is_no_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
