/* Truth: a file is read, or refused with one line; each variable that is read can be found, and
 * reading the file twice changes nothing. */

#include "config/env.h"

#include "fuzz.h"

static void check_refused(const struct buffer *error)
{
    CHECK(error->len > 0);
    CHECK(memchr(error->data, '\n', error->len) == NULL);
}

static void check_entries(const struct config_env *env)
{
    for (size_t i = 0; i < env->count; i++) {
        const struct config_env_entry *entry = &env->entries[i];

        CHECK(entry->name != NULL);
        if (entry->value != NULL) {
            CHECK(strlen(entry->value) <= CONFIG_ENV_VALUE_LEN_MAX);
            config_env_meaning(entry->value);
        }
        config_env_find(env, entry->name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct bytes text = fuzz_bytes(data, len);
    struct config_env env = {0};
    struct config_env again = {0};
    struct buffer error = {0};

    if (config_env_parse(&env, text, "fuzz", &error)) {
        CHECK(error.len == 0);
        check_entries(&env);
        CHECK(config_env_parse(&again, text, "fuzz", &error));
        CHECK(again.count == env.count);
    } else {
        check_refused(&error);
    }
    config_env_deinit(&env);
    config_env_deinit(&again);
    buffer_deinit(&error);
    return 0;
}
