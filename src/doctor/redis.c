#include "doctor/redis.h"

#include "doctor/redis_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define REDIS "redis"

#define PORT_DEFAULT 6379
#define SENTINEL_PORT_DEFAULT 26379
#define VERSION_MIN 6
#define PINGS 5
/* A publish waits for one round trip. */
#define ROUND_TRIP_SLOW_MS 10

static bool is_error(const redisReply *reply)
{
    return reply == NULL || reply->type == REDIS_REPLY_ERROR;
}

static const char *error_of(const struct doctor_redis_link *link, const redisReply *reply)
{
    return reply != NULL ? reply->str : link->failure;
}

/* --- cures ---------------------------------------------------------------------------------- */

/* `master`: "HOST:PORT" as a Sentinel names it, or NULL. */
static void cure_address(struct doctor_report *report, const struct config_scaling *scaling,
                         const char *master)
{
    const char *address = master != NULL             ? master
                          : scaling->hosts_count > 0 ? scaling->hosts[0]
                                                     : NULL;
    const char *colon = address != NULL ? strrchr(address, ':') : NULL;
    const char *tls = scaling->tls.enabled ? " --tls" : "";

    if (address == NULL)
        doctor_report_cure(report, ".env", "REDIS_HOST=%s, REDIS_PORT=%u: where Redis listens",
                           scaling->host, scaling->port);
    else if (master == NULL)
        doctor_report_cure(report, ".env", "REVERB_SCALING_HOSTS=%s,…: where they listen", address);
    if (address == NULL)
        doctor_report_cure(report, "shell", "redis-cli -h %s -p %u%s ping", scaling->host,
                           scaling->port, tls);
    else if (colon != NULL)
        doctor_report_cure(report, "shell", "redis-cli -h %.*s -p %s%s ping",
                           (int)(colon - address), address, colon + 1, tls);
}

static void add_unreachable(struct doctor_report *report, const struct config_scaling *scaling,
                            const char *master, const char *error)
{
    doctor_report_add(report, DOCTOR_REPORT_FAULT, REDIS, "it cannot be reached: %s", error);
    if (strstr(error, "mismatch") != NULL)
        doctor_report_cure(report, ".env", "REDIS_HOST=the name in its certificate");
    else if (strstr(error, "certificate verify failed") != NULL)
        doctor_report_cure(report, ".env",
                           "REVERB_SCALING_CAFILE=PEM file of the authority that signed its "
                           "certificate");
    else if (strstr(error, "TLS") != NULL)
        doctor_report_cure(report, ".env", "REDIS_SCHEME=tcp    # if it speaks no TLS there");
    cure_address(report, scaling, master);
}

/* It was reached, and does not answer as a Redis does. */
static void add_mute(struct doctor_report *report, const struct config_scaling *scaling,
                     const char *failure)
{
    doctor_report_add(report, DOCTOR_REPORT_FAULT, REDIS, "no Redis answers there: %s", failure);
    if (!scaling->tls.enabled) {
        doctor_report_cure(report, ".env", "REDIS_SCHEME=tls    # if it speaks TLS alone");
    } else {
        doctor_report_cure(report, "config/reverb.php",
                           "'tls' => ['local_cert' => '…', 'local_pk' => '…'], in "
                           "scaling.server    # if it asks for client certificates");
        doctor_report_cure(report, "redis.conf", "tls-auth-clients no    # if it need not");
    }
    cure_address(report, scaling, NULL);
}

/* --- logging in ----------------------------------------------------------------------------- */

static bool log_in(struct doctor_report *report, struct doctor_redis_link *link,
                   const struct config_scaling *scaling, bool is_sentinel)
{
    const char *username = is_sentinel ? scaling->sentinel_username : scaling->username;
    const char *password = is_sentinel ? scaling->sentinel_password : scaling->password;
    redisReply *reply = NULL;
    char number[16];
    bool ok;

    snprintf(number, sizeof number, "%u", scaling->database);
    if (password != NULL && username != NULL)
        reply = doctor_redis_link_ask(link, "AUTH", username, password, NULL);
    else if (password != NULL)
        reply = doctor_redis_link_ask(link, "AUTH", password, NULL);
    else
        reply = doctor_redis_link_ask(link, "INFO", "server", NULL);
    if (!is_error(reply) && !is_sentinel && scaling->database > 0) {
        freeReplyObject(reply);
        reply = doctor_redis_link_ask(link, "SELECT", number, NULL);
    }
    ok = !is_error(reply);
    if (reply == NULL) {
        add_mute(report, scaling, link->failure);
    } else if (!ok) {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, REDIS, "it refuses this server: %s",
                          reply->str);
        doctor_report_cure(report, ".env",
                           is_sentinel ? "REVERB_SCALING_SENTINEL_PASSWORD= and "
                                         "REVERB_SCALING_SENTINEL_USERNAME= of the Sentinels"
                                       : "REDIS_PASSWORD=, REDIS_USERNAME= and REDIS_DB= of "
                                         "that Redis (null for none)");
    }
    if (reply != NULL)
        freeReplyObject(reply);
    return ok;
}

/* --- what it is ----------------------------------------------------------------------------- */

/* The value of "name:value" in INFO; "" if it is missing. */
static void find_info(const redisReply *info, const char *name, char *out, size_t out_len)
{
    struct bytes rest = is_error(info) ? BYTES_NONE : (struct bytes){info->str, info->len};
    struct bytes line;

    out[0] = '\0';
    while (bytes_next(&rest, '\n', &line)) {
        const size_t len = strlen(name);

        if (bytes_starts_with(line, bytes_of(name)) && line.len > len && line.data[len] == ':') {
            line = bytes_from(line, len + 1);
            if (line.len > 0 && line.data[line.len - 1] == '\r')
                line.len--;
            snprintf(out, out_len, "%.*s", BYTES_ARGS(line));
            return;
        }
    }
}

static bool check_role(struct doctor_report *report, const redisReply *info)
{
    char role[32];
    char master[256];

    find_info(info, "role", role, sizeof role);
    find_info(info, "master_host", master, sizeof master);
    if (role[0] == '\0' || strcmp(role, "master") == 0)
        return true;
    doctor_report_add(report, DOCTOR_REPORT_FAULT, REDIS,
                      "it is a replica (role:%s): nothing can be written there", role);
    doctor_report_cure(report, ".env", "REDIS_HOST=%s    # the master", master);
    doctor_report_cure(report, ".env",
                       "REVERB_SCALING_SENTINEL=NAME, REVERB_SCALING_HOSTS=…    "
                       "# if Sentinels choose it");
    return false;
}

static bool check_version(struct doctor_report *report, const redisReply *info)
{
    char version[32];
    char *end;
    unsigned long major;

    find_info(info, "redis_version", version, sizeof version);
    major = strtoul(version, &end, 10);
    if (end == version || major >= VERSION_MIN)
        return true;
    doctor_report_add(report, DOCTOR_REPORT_FAULT, REDIS,
                      "its version is %s, and Redis %d or later is needed", version, VERSION_MIN);
    doctor_report_cure(report, "shell", "apt-get install redis-server    # or Valkey");
    return false;
}

static bool check_eviction(struct doctor_report *report, const redisReply *info)
{
    char policy[64];
    char limit[32];

    find_info(info, "maxmemory_policy", policy, sizeof policy);
    find_info(info, "maxmemory", limit, sizeof limit);
    if (policy[0] == '\0' || strcmp(policy, "noeviction") == 0)
        return true;
    doctor_report_add(report, strcmp(limit, "0") == 0 ? DOCTOR_REPORT_WARNING : DOCTOR_REPORT_FAULT,
                      REDIS,
                      "it drops keys when its memory is full (maxmemory-policy %s): members and "
                      "events would be lost",
                      policy);
    doctor_report_cure(report, "redis.conf", "maxmemory-policy noeviction");
    return false;
}

static bool check_kind(struct doctor_report *report, const struct config_scaling *scaling,
                       const redisReply *info)
{
    char mode[8];

    find_info(info, "cluster_enabled", mode, sizeof mode);
    if (mode[0] == '\0' || (strcmp(mode, "1") == 0) == scaling->cluster)
        return true;
    doctor_report_add(report, DOCTOR_REPORT_FAULT, REDIS,
                      scaling->cluster ? "it is no Redis Cluster, and the configuration says so"
                                       : "it is a node of a Redis Cluster, and the configuration "
                                         "does not say so");
    doctor_report_cure(report, ".env", "REVERB_SCALING_CLUSTER=%s",
                       scaling->cluster ? "false" : "true");
    return false;
}

/* A Sentinel answers INFO as a Redis does, and takes nothing. */
static bool is_sentinel(struct doctor_report *report, const redisReply *info)
{
    char mode[16];

    find_info(info, "redis_mode", mode, sizeof mode);
    if (mode[0] == '\0')
        find_info(info, "server_mode", mode, sizeof mode);
    if (strcmp(mode, "sentinel") != 0)
        return false;
    doctor_report_add(report, DOCTOR_REPORT_FAULT, REDIS, "it is a Sentinel, not a Redis");
    doctor_report_cure(report, ".env",
                       "REVERB_SCALING_SENTINEL=NAME, REVERB_SCALING_HOSTS=HOST:26379,…    "
                       "# NAME as in `sentinel monitor NAME …`");
    return true;
}

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static bool check_round_trip(struct doctor_report *report, struct doctor_redis_link *link)
{
    double best = 1e9;

    for (int i = 0; i < PINGS; i++) {
        const double before = now_ms();
        redisReply *reply = doctor_redis_link_ask(link, "TIME", NULL);

        if (reply == NULL)
            break;
        freeReplyObject(reply);
        if (now_ms() - before < best)
            best = now_ms() - before;
    }
    if (best <= ROUND_TRIP_SLOW_MS) {
        doctor_report_add(report, DOCTOR_REPORT_OK, REDIS, "a round trip takes %.1f ms", best);
        return true;
    }
    doctor_report_add(report, DOCTOR_REPORT_WARNING, REDIS,
                      "a round trip takes %.0f ms, and each publish and subscription waits for one",
                      best);
    doctor_report_cure(report, ".env", "REDIS_HOST=a Redis in the same data centre");
    return false;
}

static void examine_info(struct doctor_report *report, const struct config_scaling *scaling,
                         const redisReply *info)
{
    bool ok = check_version(report, info);

    ok = check_kind(report, scaling, info) && ok;
    ok = check_role(report, info) && ok;
    ok = check_eviction(report, info) && ok;
    if (ok)
        doctor_report_add(report, DOCTOR_REPORT_OK, REDIS,
                          "version, role and maxmemory-policy fit");
}

static void examine(struct doctor_report *report, const struct config_scaling *scaling,
                    struct doctor_redis_link *link)
{
    redisReply *info = doctor_redis_link_ask(link, "INFO", NULL);

    if (is_error(info)) {
        doctor_report_add(report, DOCTOR_REPORT_WARNING, REDIS,
                          "INFO is refused, so role and policy are unknown: %s",
                          error_of(link, info));
        doctor_report_cure(report, "redis.conf", "user NAME … +info");
        check_round_trip(report, link);
    } else if (!is_sentinel(report, info)) {
        examine_info(report, scaling, info);
        check_round_trip(report, link);
    }
    if (info != NULL)
        freeReplyObject(info);
}

/* --- finding it ----------------------------------------------------------------------------- */

/* Connects to the first that can be reached. */
static bool connect_any(struct doctor_redis_link *link, const struct config_scaling *scaling,
                        uint16_t port, struct buffer *error)
{
    if (scaling->hosts_count == 0)
        return doctor_redis_link_open(link, scaling, scaling->host, scaling->port, error);
    for (size_t i = 0; i < scaling->hosts_count; i++) {
        if (i > 0)
            doctor_redis_link_close(link);
        buffer_clear(error);
        if (doctor_redis_link_open(link, scaling, scaling->hosts[i], port, error))
            return true;
    }
    return false;
}

static void add_no_master(struct doctor_report *report, const struct config_scaling *scaling,
                          const char *error)
{
    if (strncmp(error, "ERR unknown command", strlen("ERR unknown command")) == 0) {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, REDIS, "no Sentinel listens there: %s",
                          error);
        doctor_report_cure(report, ".env", "REVERB_SCALING_HOSTS=HOST:26379,…");
        return;
    }
    doctor_report_add(report, DOCTOR_REPORT_FAULT, REDIS, "the Sentinels know no master \"%s\"%s%s",
                      scaling->sentinel, error[0] != '\0' ? ": " : "", error);
    doctor_report_cure(report, ".env",
                       "REVERB_SCALING_SENTINEL=the name in `sentinel monitor NAME …`");
}

/* "HOST:PORT" of the master that the Sentinel knows. */
static bool ask_sentinel(struct doctor_report *report, struct doctor_redis_link *link,
                         const struct config_scaling *scaling, struct buffer *address)
{
    redisReply *reply =
        doctor_redis_link_ask(link, "SENTINEL", "get-master-addr-by-name", scaling->sentinel, NULL);
    const bool ok = reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2;

    if (ok)
        buffer_printf(address, "%s:%s", reply->element[0]->str, reply->element[1]->str);
    else
        add_no_master(report, scaling, is_error(reply) ? error_of(link, reply) : "");
    if (reply != NULL)
        freeReplyObject(reply);
    return ok;
}

static bool find_by_sentinel(struct doctor_report *report, const struct config_scaling *scaling,
                             struct buffer *address, struct buffer *error)
{
    struct doctor_redis_link link;
    bool ok = connect_any(&link, scaling, SENTINEL_PORT_DEFAULT, error);

    if (!ok) {
        doctor_report_add(report, DOCTOR_REPORT_FAULT, REDIS, "no Sentinel can be reached: %s",
                          buffer_text(error));
        doctor_report_cure(report, ".env", "REVERB_SCALING_HOSTS=HOST:26379,…");
    }
    ok =
        ok && log_in(report, &link, scaling, true) && ask_sentinel(report, &link, scaling, address);
    doctor_redis_link_close(&link);
    return ok;
}

void doctor_redis_check(struct doctor_report *report, const struct doctor_subject *subject)
{
    const struct config_scaling *scaling = &subject->config->scaling;
    struct doctor_redis_link link = {.fd = -1};
    struct buffer address = {0};
    struct buffer error = {0};
    bool is_open = false;

    if (!scaling->enabled) {
        doctor_report_add(report, DOCTOR_REPORT_SKIPPED, REDIS,
                          "this server is alone (REVERB_SCALING_ENABLED)");
        return;
    }
    if (scaling->sentinel == NULL) {
        is_open = connect_any(&link, scaling, PORT_DEFAULT, &error);
    } else if (find_by_sentinel(report, scaling, &address, &error)) {
        is_open =
            doctor_redis_link_open(&link, scaling, buffer_text(&address), PORT_DEFAULT, &error);
    } else {
        goto done;
    }
    if (!is_open)
        add_unreachable(report, scaling, address.len > 0 ? buffer_text(&address) : NULL,
                        buffer_text(&error));
    else if (log_in(report, &link, scaling, false))
        examine(report, scaling, &link);
done:
    doctor_redis_link_close(&link);
    buffer_deinit(&address);
    buffer_deinit(&error);
}
