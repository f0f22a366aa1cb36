#include "cluster/locate.h"

#include <stdio.h>
#include <string.h>

#define SENTINEL_PORT 26379
#define REDIS_PORT 6379

void cluster_locate_describe(const struct cluster_redis_address *address, struct buffer *out)
{
    buffer_append_text(out, address->host);
    if (address->host[0] != '/')
        buffer_printf(out, ":%u", address->port);
}

static void set_address(struct cluster_redis_address *address, struct bytes host, uint16_t port)
{
    snprintf(address->host, sizeof address->host, "%.*s", BYTES_ARGS(host));
    address->port = port;
}

/* "host:port", "[::1]:port" or "::1:port", or a host alone. */
static void parse_address(struct cluster_redis_address *address, struct bytes text,
                          uint16_t default_port)
{
    const char *colon = bytes_find_last(text, ':');
    struct bytes host = text;
    uint64_t port = default_port;

    if (colon != NULL && text.data[0] != '/') {
        host.len = (size_t)(colon - text.data);
        if (!bytes_to_number(bytes_from(text, host.len + 1), UINT16_MAX, &port))
            port = default_port;
    }
    if (host.len > 1 && host.data[0] == '[' && host.data[host.len - 1] == ']')
        host = (struct bytes){host.data + 1, host.len - 2};
    set_address(address, host, (uint16_t)port);
}

static void next_of_hosts(struct cluster_locate *locate, struct cluster_redis_address *address,
                          uint16_t default_port)
{
    const struct config_scaling *settings = locate->settings;

    if (settings->hosts_count == 0) {
        set_address(address, bytes_of(settings->host), settings->port);
        return;
    }
    parse_address(address, bytes_of(settings->hosts[locate->next_host % settings->hosts_count]),
                  default_port);
    locate->next_host++;
}

/* --- Sentinel ------------------------------------------------------------------------------- */

static void fail(struct cluster_locate *locate, const char *reason, const char *said)
{
    struct buffer text = {0};

    buffer_append_text(&text, "Sentinel ");
    cluster_locate_describe(&locate->asked, &text);
    buffer_printf(&text, ": %s", reason);
    locate->on_failed(buffer_text(&text), said, locate->user);
    buffer_deinit(&text);
}

static void on_sentinel_lost(const char *reason, const char *said, void *user)
{
    struct cluster_locate *locate = user;

    locate->sentinel = NULL;
    fail(locate, reason, said);
}

static void fail_for_reply(struct cluster_locate *locate, const redisReply *reply)
{
    const bool is_error = reply->type == REDIS_REPLY_ERROR;
    struct buffer text = {0};

    if (!is_error)
        buffer_printf(&text, "it knows no master \"%s\" (REVERB_SCALING_SENTINEL)",
                      locate->settings->sentinel);
    else if (bytes_starts_with(cluster_redis_text(reply), BYTES("ERR unknown command")))
        buffer_printf(&text, "it is no Sentinel (REVERB_SCALING_HOSTS): %s", reply->str);
    else
        buffer_append_text(&text, reply->str);
    fail(locate, buffer_text(&text), is_error ? reply->str : NULL);
    buffer_deinit(&text);
}

static void on_master(const redisReply *reply, void *data, void *user)
{
    struct cluster_locate *locate = user;
    struct cluster_redis_address address = {0};
    struct cluster_redis *sentinel = locate->sentinel;
    uint64_t port;

    (void)data;
    if (reply == NULL)
        return;
    locate->sentinel = NULL;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
        reply->element[0]->type == REDIS_REPLY_STRING &&
        reply->element[1]->type == REDIS_REPLY_STRING &&
        bytes_to_number((struct bytes){reply->element[1]->str, reply->element[1]->len}, UINT16_MAX,
                        &port)) {
        set_address(&address, (struct bytes){reply->element[0]->str, reply->element[0]->len},
                    (uint16_t)port);
        cluster_redis_close(sentinel);
        locate->on_found(&address, locate->user);
    } else {
        cluster_redis_close(sentinel);
        fail_for_reply(locate, reply);
    }
}

static void on_sentinel_ready(void *user)
{
    struct cluster_locate *locate = user;

    cluster_redis_command(locate->sentinel, on_master, "SENTINEL", "get-master-addr-by-name",
                          locate->settings->sentinel, NULL);
}

static const struct cluster_redis_events sentinel_events = {
    .on_ready = on_sentinel_ready,
    .on_lost = on_sentinel_lost,
};

/* --- searching ------------------------------------------------------------------------------ */

void cluster_locate_begin(struct cluster_locate *locate)
{
    const struct config_scaling *settings = locate->settings;
    struct cluster_redis_address address = {0};

    if (settings->sentinel != NULL) {
        const struct cluster_redis_login login = {
            .username = settings->sentinel_username,
            .password = settings->sentinel_password,
            .is_sentinel = true,
        };

        next_of_hosts(locate, &locate->asked, SENTINEL_PORT);
        locate->sentinel = cluster_redis_open(locate->loop, &locate->asked, &login, locate->tls,
                                              &sentinel_events, locate);
        return;
    }
    if (locate->is_referred) {
        address = locate->referral;
        locate->is_referred = false;
    } else {
        next_of_hosts(locate, &address, REDIS_PORT);
    }
    locate->on_found(&address, locate->user);
}

void cluster_locate_cancel(struct cluster_locate *locate)
{
    struct cluster_redis *sentinel = locate->sentinel;

    locate->sentinel = NULL;
    cluster_redis_close(sentinel);
}

bool cluster_locate_is_silent(const struct cluster_locate *locate, uint64_t now_ms)
{
    return locate->sentinel != NULL &&
           cluster_redis_waits_ms(locate->sentinel, now_ms) > CLUSTER_REDIS_SILENT_MS;
}

bool cluster_locate_refer(struct cluster_locate *locate, const struct cluster_redis_address *asked,
                          struct bytes error)
{
    struct bytes rest = error;
    struct bytes word;

    if (!bytes_starts_with(error, BYTES("MOVED ")) || !bytes_next(&rest, ' ', &word) ||
        !bytes_next(&rest, ' ', &word) || rest.len == 0)
        return false;
    parse_address(&locate->referral, rest, REDIS_PORT);
    if (locate->referral.host[0] == '\0')
        memcpy(locate->referral.host, asked->host, sizeof asked->host);
    locate->is_referred = true;
    return true;
}
