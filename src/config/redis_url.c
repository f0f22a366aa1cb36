#include "config/redis_url.h"

#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

static const char *const schemes[] = {"redis", "rediss", "tcp", "tls", "unix"};

/* An invalid escape stays as it is. NULL if the result contains a NUL. */
static char *decode(struct bytes text)
{
    struct buffer out = {0};
    char *copy;

    for (size_t i = 0; i < text.len; i++) {
        const int high =
            text.data[i] == '%' && i + 2 < text.len ? bytes_hex_digit(text.data[i + 1]) : -1;
        const int low = high >= 0 ? bytes_hex_digit(text.data[i + 2]) : -1;

        if (low < 0) {
            buffer_append_char(&out, text.data[i]);
            continue;
        }
        buffer_append_char(&out, (char)(high * 16 + low));
        i += 2;
    }
    copy = out.len > 0 && memchr(out.data, '\0', out.len) != NULL ? NULL
                                                                  : bytes_copy(buffer_bytes(&out));
    buffer_deinit(&out);
    return copy;
}

/* Cuts off `rest` the part before the last `separator`; false if there is none. */
static bool cut(struct bytes *rest, char separator, struct bytes *before)
{
    const char *at = bytes_find_last(*rest, separator);

    if (at == NULL)
        return false;
    *before = (struct bytes){rest->data, (size_t)(at - rest->data)};
    *rest = bytes_from(*rest, before->len + 1);
    return true;
}

static bool is_number(struct bytes text, uint64_t min, uint64_t max)
{
    uint64_t number;

    return bytes_to_number(text, max, &number) && number >= min;
}

static const char *take_scheme(struct bytes *rest, struct config_redis_url *url)
{
    const char *end = strstr(rest->data, "://");

    for (size_t i = 0; end != NULL && i < sizeof schemes / sizeof schemes[0]; i++) {
        const struct bytes scheme = {rest->data, (size_t)(end - rest->data)};

        if (!bytes_equal_ignoring_case(scheme, bytes_of(schemes[i])))
            continue;
        url->scheme = bytes_copy(bytes_of(schemes[i]));
        *rest = bytes_from(*rest, scheme.len + 3);
        return NULL;
    }
    return "it begins with none of redis://, rediss://, tcp://, tls:// and unix://";
}

static const char *take_user(struct bytes user, struct config_redis_url *url)
{
    const char *colon = user.len > 0 ? memchr(user.data, ':', user.len) : NULL;
    struct bytes name = user;

    if (colon != NULL) {
        name.len = (size_t)(colon - user.data);
        url->password = decode(bytes_from(user, name.len + 1));
    }
    url->username = decode(name);
    if (url->username == NULL || (colon != NULL && url->password == NULL))
        return "its user or password holds a NUL";
    return NULL;
}

static const char *take_port(struct bytes port, struct config_redis_url *url)
{
    if (port.len == 0)
        return NULL;
    if (!is_number(port, 1, UINT16_MAX))
        return "its port is not from 1 to 65535";
    url->port = bytes_copy(port);
    return NULL;
}

static const char *take_host(struct bytes text, struct config_redis_url *url)
{
    struct bytes host = text;
    struct bytes port = BYTES("");
    const char *end = text.len > 0 ? memchr(text.data, ']', text.len) : NULL;

    if (text.len > 0 && text.data[0] == '[') { /* [::1]:6379 */
        if (end == NULL)
            return "the [ of its host has no ]";
        host = (struct bytes){text.data + 1, (size_t)(end - text.data) - 1};
        port = bytes_from(text, host.len + 2);
        if (port.len > 0 && port.data[0] != ':')
            return "its host is followed by something else than a port";
        port = bytes_from(port, 1);
    } else if (cut(&text, ':', &host)) {
        port = text;
    }
    url->host = decode(host);
    if (url->host == NULL || *url->host == '\0' || *url->host == '/')
        return "it has no host";
    return take_port(port, url);
}

static const char *take_option(struct bytes name, struct bytes value, struct config_redis_url *url)
{
    static const struct {
        const char *name;
        size_t at;
    } options[] = {
        {"db", offsetof(struct config_redis_url, database)},
        {"database", offsetof(struct config_redis_url, database)},
        {"username", offsetof(struct config_redis_url, username)},
        {"password", offsetof(struct config_redis_url, password)},
        {"timeout", offsetof(struct config_redis_url, timeout)},
    };

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        char **field = (char **)(void *)((char *)url + options[i].at);

        if (!bytes_equal(name, bytes_of(options[i].name)))
            continue;
        free(*field);
        *field = decode(value);
        return *field == NULL ? "an option of it holds a NUL" : NULL;
    }
    url->has_more = true;
    return NULL;
}

static const char *take_options(struct bytes query, struct config_redis_url *url)
{
    const char *problem = NULL;
    struct bytes option;

    while (problem == NULL && bytes_next(&query, '&', &option)) {
        const char *equals = option.len > 0 ? memchr(option.data, '=', option.len) : NULL;
        struct bytes name = option;

        if (option.len == 0)
            continue;
        if (equals != NULL)
            name.len = (size_t)(equals - option.data);
        problem = take_option(name, bytes_from(option, name.len + 1), url);
    }
    return problem;
}

/* Port, database and timeout must be numbers, also if options give them. */
static const char *check_numbers(const struct config_redis_url *url)
{
    if (url->database != NULL && !is_number(bytes_of(url->database), 0, INT32_MAX))
        return "its database is not a number";
    if (url->timeout != NULL && !is_number(bytes_of(url->timeout), 0, INT32_MAX))
        return "its timeout is not a number of seconds";
    return NULL;
}

static const char *take_rest(struct bytes rest, struct config_redis_url *url)
{
    const bool is_unix = strcmp(url->scheme, "unix") == 0;
    struct bytes authority = {rest.data, strcspn(rest.data, "/?#")};
    struct bytes path = bytes_from(rest, authority.len);
    struct bytes query = BYTES("");
    struct bytes user;
    const char *problem = NULL;

    path.len = strcspn(path.data, "?#");
    if (rest.data[authority.len + path.len] == '?') {
        query.data = rest.data + authority.len + path.len + 1;
        query.len = strcspn(query.data, "#");
    }
    if (cut(&authority, '@', &user))
        problem = take_user(user, url);
    if (problem == NULL && !is_unix)
        problem = take_host(authority, url);
    if (problem == NULL && is_unix) {
        url->host = decode(path);
        if (authority.len > 0 || url->host == NULL || url->host[0] != '/' || url->host[1] == '\0')
            problem = "it has no path; a Unix socket's is as in unix:///run/redis.sock";
    } else if (problem == NULL && path.len > 1) {
        url->database = decode(bytes_from(path, 1));
        if (url->database == NULL)
            problem = "its database holds a NUL";
    }
    return problem != NULL ? problem : take_options(query, url);
}

const char *config_redis_url_parse(const char *text, struct config_redis_url *url)
{
    struct bytes rest = bytes_of(text);
    const char *problem;

    *url = (struct config_redis_url){0};
    problem = take_scheme(&rest, url);
    if (problem == NULL)
        problem = take_rest(rest, url);
    if (problem == NULL)
        problem = check_numbers(url);
    if (problem != NULL)
        config_redis_url_deinit(url);
    return problem;
}

void config_redis_url_deinit(struct config_redis_url *url)
{
    free(url->scheme);
    free(url->host);
    free(url->port);
    free(url->username);
    free(url->password);
    free(url->database);
    free(url->timeout);
    *url = (struct config_redis_url){0};
}
