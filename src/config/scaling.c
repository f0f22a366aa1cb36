#include "config/scaling.h"

#include "config/redis_url.h"
#include "config/resolve.h"
#include "config/source.h"
#include "config/tls.h"
#include "config/value.h"

#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct config, scaling.member)

/* --- the URL -------------------------------------------------------------------------------- */

static bool take_part(struct config *config, size_t at, const char *text, const char *where,
                      struct buffer *error)
{
    const struct config_setting *setting = config_setting_of_server(at);

    if (text == NULL)
        return true;
    if (*text == '\0')
        config_value_clear(setting, config);
    else if (!config_value_set(setting, config, text, where, error))
        return false;
    config_source_set(config, setting, CONFIG_SOURCE_SERVER, where);
    return true;
}

static bool take_parts(struct config *config, const struct config_redis_url *url, const char *where,
                       struct buffer *error)
{
    return take_part(config, AT(scheme), url->scheme, where, error) &&
           take_part(config, AT(host), url->host, where, error) &&
           take_part(config, AT(port), url->port, where, error) &&
           take_part(config, AT(username), url->username, where, error) &&
           take_part(config, AT(password), url->password, where, error) &&
           take_part(config, AT(database), url->database, where, error) &&
           take_part(config, AT(timeout_s), url->timeout, where, error);
}

/* `from` is the offset of the setting that holds it. */
static bool take_url(struct config *config, const char *text, size_t from, struct buffer *error,
                     struct buffer *warnings)
{
    char *where = bytes_copy(bytes_of(config_source_of_server(config, from)));
    char *copy = bytes_copy(bytes_of(text)); /* it may be the host, which is about to change */
    struct config_redis_url url;
    const char *problem = config_redis_url_parse(copy, &url);
    bool ok = problem == NULL;

    if (!ok)
        buffer_printf(error,
                      "%s: this is no URL of a Redis: %s; give one such as "
                      "redis://user:password@host:6379/0, with what is special in user and "
                      "password written as %%40 and so on",
                      where, problem);
    ok = ok && take_parts(config, &url, where, error);
    if (ok && url.has_more)
        buffer_printf(warnings,
                      "%s: of the options after \"?\" only db, database, username, password and "
                      "timeout have an effect\n",
                      where);
    config_redis_url_deinit(&url);
    free(where);
    free(copy);
    return ok;
}

static bool take_urls(struct config *config, struct buffer *error, struct buffer *warnings)
{
    const struct config_scaling *scaling = &config->scaling;

    /* PHP's client accepts tls://host as a host. */
    if (strstr(scaling->host, "://") != NULL &&
        !take_url(config, scaling->host, AT(host), error, warnings))
        return false;
    return scaling->url == NULL || take_url(config, scaling->url, AT(url), error, warnings);
}

/* --- consistency ---------------------------------------------------------------------------- */

bool config_scaling_split_host(struct bytes text, struct bytes *host, uint16_t *port)
{
    const char *colon = bytes_find_last(text, ':');
    uint64_t number;

    if (text.data == NULL || colon == NULL)
        return false;
    *host = (struct bytes){text.data, (size_t)(colon - text.data)};
    if (!bytes_to_number(bytes_from(text, host->len + 1), UINT16_MAX, &number) || number == 0)
        return false;
    *port = (uint16_t)number;
    if (host->len > 2 && host->data[0] == '[' && host->data[host->len - 1] == ']') {
        *host = (struct bytes){host->data + 1, host->len - 2};
        return true;
    }
    return host->len > 0 && host->data[0] != '[' && memchr(host->data, ':', host->len) == NULL;
}

static bool check_hosts(const struct config *config, struct buffer *error)
{
    const struct config_scaling *scaling = &config->scaling;
    const char *where = config_source_of_server(config, AT(hosts));
    struct bytes host;
    uint16_t port;

    for (size_t i = 0; i < scaling->hosts_count; i++) {
        if (config_scaling_split_host(bytes_of(scaling->hosts[i]), &host, &port))
            continue;
        buffer_printf(error, "%s: \"%s\" is not a host and its port; give host:port, or [::1]:port",
                      where, scaling->hosts[i]);
        return false;
    }
    if (scaling->hosts_count > 0 && !scaling->cluster && scaling->sentinel == NULL) {
        buffer_printf(error,
                      "%s: hosts are of a Redis Cluster or of Sentinels; give "
                      "scaling.server.cluster (REVERB_SCALING_CLUSTER) or scaling.server.sentinel "
                      "(REVERB_SCALING_SENTINEL) too, or host and port in their place",
                      where);
        return false;
    }
    return true;
}

static bool check_host(const struct config *config, struct buffer *error)
{
    const struct config_scaling *scaling = &config->scaling;
    struct bytes host;
    uint16_t port;

    if (scaling->hosts_count > 0 ||
        !config_scaling_split_host(bytes_of(scaling->host), &host, &port))
        return true;
    buffer_printf(error,
                  "%s: \"%s\" is a host and a port; give the port as scaling.server.port "
                  "(REDIS_PORT)",
                  config_source_of_server(config, AT(host)), scaling->host);
    return false;
}

static bool check_kind(const struct config *config, struct buffer *error)
{
    const struct config_scaling *scaling = &config->scaling;

    if (!scaling->cluster)
        return true;
    if (scaling->sentinel != NULL) {
        buffer_printf(error,
                      "%s: a Redis Cluster has no Sentinels; give scaling.server.cluster or "
                      "scaling.server.sentinel (\"%s\"), not both",
                      config_source_of_server(config, AT(cluster)), scaling->sentinel);
        return false;
    }
    if (scaling->database != 0) {
        buffer_printf(error,
                      "%s: \"%u\" cannot be with scaling.server.cluster: a Redis Cluster has "
                      "database 0 alone; give 0",
                      config_source_of_server(config, AT(database)), scaling->database);
        return false;
    }
    return true;
}

static bool check_socket(const struct config *config, struct buffer *error)
{
    const struct config_scaling *scaling = &config->scaling;
    const bool is_path = scaling->host[0] == '/';

    if (!is_path && scaling->scheme == CONFIG_SCALING_UNIX) {
        buffer_printf(error,
                      "%s: \"%s\" is no path, which scheme unix needs; give one such as "
                      "/run/redis/redis-server.sock",
                      config_source_of_server(config, AT(host)), scaling->host);
        return false;
    }
    if (is_path && scaling->tls.enabled) {
        buffer_printf(error, "%s: \"%s\" is a Unix socket, which has no TLS; give scheme unix",
                      config_source_of_server(config, AT(host)), scaling->host);
        return false;
    }
    return true;
}

static bool check_tls(const struct config *config, struct buffer *error, struct buffer *warnings)
{
    const struct config_tls *tls = &config->scaling.tls;

    if (!tls->enabled)
        return true;
    if (tls->local_pk != NULL && tls->local_cert == NULL) {
        buffer_printf(error,
                      "%s: a private key without a certificate; give scaling.server.tls.local_cert "
                      "too",
                      config_source_of_server(config, AT(tls.local_pk)));
        return false;
    }
    return config_tls_check_method(config, AT(tls.crypto_method), tls->crypto_method, error,
                                   warnings) &&
           config_tls_check_file(config, AT(tls.local_cert), tls->local_cert, "certificate", false,
                                 error) &&
           config_tls_check_file(config, AT(tls.local_pk), tls->local_pk, "private key", false,
                                 error) &&
           config_tls_check_file(config, AT(tls.cafile), tls->cafile, "file of authorities", false,
                                 error) &&
           config_tls_check_file(config, AT(tls.capath), tls->capath, "folder of authorities", true,
                                 error);
}

static bool judge(struct config *config, struct buffer *error, struct buffer *warnings)
{
    struct config_scaling *scaling = &config->scaling;

    if (!take_urls(config, error, warnings))
        return false;
    scaling->tls.enabled =
        scaling->scheme == CONFIG_SCALING_TLS || scaling->scheme == CONFIG_SCALING_REDISS;
    return check_hosts(config, error) && check_host(config, error) && check_kind(config, error) &&
           check_socket(config, error) && check_tls(config, error, warnings);
}

/* --- resolving ------------------------------------------------------------------------------ */

static bool resolve_default(struct config *config, const struct config_setting *setting,
                            struct buffer *error)
{
    buffer_clear(error);
    config_source_set(config, setting, CONFIG_SOURCE_SERVER, "default");
    return setting->fallback == NULL ||
           config_value_set(setting, config, setting->fallback, "default", error);
}

bool config_scaling_resolve(struct config *config, const struct config_input *input,
                            const struct config_input_scope *scope, struct buffer *error,
                            struct buffer *warnings)
{
    const bool is_enabled = config->scaling.enabled;
    bool ok = true;

    for (size_t i = 0; ok && i < config_setting_server_count; i++) {
        const struct config_setting *setting = &config_setting_server[i];

        if (!setting->is_of_scaling)
            continue;
        ok = config_resolve_one(config, input, scope, setting, CONFIG_SOURCE_SERVER, error);
        if (!ok && !is_enabled)
            ok = resolve_default(config, setting, error);
    }
    return ok && (!is_enabled || judge(config, error, warnings));
}
