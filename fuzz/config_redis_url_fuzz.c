/* Truth: the parts of a URL, written as a URL again, have the same meaning; if it cannot be parsed,
 * no part is left. */

#include "config/redis_url.h"

#include "fuzz.h"

static void append_escaped(struct buffer *out, const char *text, const char *kept)
{
    for (; *text != '\0'; text++)
        if (strchr(kept, *text) != NULL)
            buffer_append_char(out, *text);
        else
            buffer_printf(out, "%%%02x", (unsigned)(unsigned char)*text);
}

static void append_option(struct buffer *out, const char *name, const char *value)
{
    if (value == NULL)
        return;
    buffer_printf(out, "&%s=", name);
    append_escaped(out, value, "");
}

static void write_again(struct buffer *out, const struct config_redis_url *url)
{
    buffer_printf(out, "%s://", url->scheme);
    if (strcmp(url->scheme, "unix") != 0) {
        append_escaped(out, url->host, "");
        if (url->port != NULL)
            buffer_printf(out, ":%s", url->port);
    } else {
        append_escaped(out, url->host, "/");
    }
    buffer_append_text(out, "?");
    append_option(out, "username", url->username);
    append_option(out, "password", url->password);
    append_option(out, "database", url->database);
    append_option(out, "timeout", url->timeout);
    if (url->has_more)
        buffer_append_text(out, "&more");
}

static bool is_same(const char *a, const char *b)
{
    return bytes_equal(bytes_of(a), bytes_of(b));
}

static void check_again(const struct config_redis_url *url)
{
    struct config_redis_url again;
    struct buffer text = {0};

    write_again(&text, url);
    CHECK(config_redis_url_parse(buffer_text(&text), &again) == NULL);
    CHECK(is_same(url->scheme, again.scheme) && is_same(url->host, again.host));
    CHECK(is_same(url->port, again.port) && is_same(url->username, again.username));
    CHECK(is_same(url->password, again.password) && is_same(url->database, again.database));
    CHECK(is_same(url->timeout, again.timeout) && url->has_more == again.has_more);
    config_redis_url_deinit(&again);
    buffer_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = bytes_copy(fuzz_bytes(data, len));
    struct config_redis_url url;
    const char *problem = config_redis_url_parse(text, &url);

    if (problem == NULL)
        check_again(&url);
    else
        CHECK(url.scheme == NULL && url.password == NULL);
    config_redis_url_deinit(&url);
    free(text);
    return 0;
}
