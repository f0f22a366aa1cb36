/* Truth: a file is an object by jansson's reading, or it is refused with one line that names it;
 * each of its values becomes the text of a setting, or one line of error. */

#include "config/file.h"

#include "fuzz.h"
#include "support/oracle.h"

static void check_line(const struct buffer *error)
{
    CHECK(error->len > 0);
    CHECK(memchr(error->data, '\n', error->len) == NULL);
}

static void check_value(const struct config_setting *setting, const json_t *value)
{
    struct buffer error = {0};
    char *text = NULL;

    if (config_file_text(setting, value, "fuzz", &text, &error))
        CHECK(error.len == 0 && (text != NULL) == !json_is_null(value));
    else
        check_line(&error);
    free(text);
    buffer_deinit(&error);
}

static void check_values(const json_t *root)
{
    json_t *elements = config_file_elements(root);

    CHECK(json_array_size(elements) ==
          (json_is_object(root) ? json_object_size(root) : json_array_size(root)));
    for (size_t i = 0; i < json_array_size(elements); i++) {
        const json_t *value = json_array_get(elements, i);

        for (size_t at = 0; at < config_setting_server_count; at++)
            check_value(&config_setting_server[at], value);
        for (size_t at = 0; at < config_setting_app_count; at++)
            check_value(&config_setting_app[at], value);
    }
    json_decref(elements);
    for (size_t at = 0; at < config_setting_server_count; at++)
        if (config_setting_server[at].key != NULL)
            config_file_find(root, config_setting_server[at].key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct config_file file = {0};
    struct buffer error = {0};

    if (config_file_parse(&file, fuzz_bytes(data, len), "fuzz.json", &error)) {
        CHECK(error.len == 0 && config_file_is_object(file.root));
        check_values(file.root);
    } else {
        CHECK(file.root == NULL);
        check_line(&error);
        CHECK(bytes_starts_with(buffer_bytes(&error), BYTES("fuzz.json")));
    }
    config_file_deinit(&file);
    buffer_deinit(&error);
    return 0;
}
