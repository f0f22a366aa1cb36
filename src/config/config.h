/* The configuration: every setting, its value and where the value came from.
 *
 * The command line takes precedence over environment variables, then `.env`, then the configuration
 * file, then the default. Names are those of Laravel's config/reverb.php with the unit appended.
 *
 * Thread: main loads and frees; once loaded it is never changed, and any thread may read it.
 */
#pragma once

#include "base/buffer.h"
#include "base/log.h"

#include <stdbool.h>
#include <stdint.h>

/* Each worker is one bit of a mask. */
#define CONFIG_WORKERS_MAX 64

enum config_client_events {
    CONFIG_CLIENT_EVENTS_ALL,
    CONFIG_CLIENT_EVENTS_MEMBERS,
    CONFIG_CLIENT_EVENTS_NONE,
};

enum config_io {
    CONFIG_IO_URING, /* where the system has it */
    CONFIG_IO_EPOLL,
};

struct config_rate_limiting {
    bool enabled;
    uint32_t max_attempts;
    uint32_t decay_s;
    bool terminate_on_limit;
};

/* The kinds of events that a webhook can be sent: Pusher Channels, "Webhooks". */
enum config_webhook_kind {
    CONFIG_WEBHOOK_CHANNEL_OCCUPIED,
    CONFIG_WEBHOOK_CHANNEL_VACATED,
    CONFIG_WEBHOOK_MEMBER_ADDED,
    CONFIG_WEBHOOK_MEMBER_REMOVED,
    CONFIG_WEBHOOK_CLIENT_EVENT,
    CONFIG_WEBHOOK_CACHE_MISS,
    CONFIG_WEBHOOK_SUBSCRIPTION_COUNT,
    CONFIG_WEBHOOK_KINDS_COUNT,
};

/* A URL of the application that is notified of what happens in an app's channels. */
struct config_webhook {
    char *where; /* it came from, for people */
    char *url;
    char **events; /* names of kinds */
    size_t events_count;
    unsigned kinds; /* the same, one bit each */
    char **headers; /* "Name: value" */
    size_t headers_count;
    char *channel_starts_with; /* NULL: any */
    char *channel_ends_with;
    bool batching_enabled; /* else each event comes alone */
    uint32_t batching_max_events;
    uint32_t batching_max_delay_ms;
    uint32_t batching_max_payload_bytes;
    uint32_t disconnect_smoothing_ms;
    uint32_t timeout_s;
    uint32_t retry_for_s;
};

/* What one address may do; 0: no limit. */
struct config_address_limits {
    uint32_t connections_max;
    uint32_t connections_per_s; /* new ones */
    uint32_t requests_per_s;
};

struct config_app {
    char *id;
    char *key;
    char *secret;
    char **allowed_origins; /* host patterns; "*" allows all */
    size_t allowed_origins_count;
    uint32_t ping_interval_s;
    uint32_t activity_timeout_s;
    uint32_t max_connections;   /* 0: no limit */
    uint32_t max_subscriptions; /* of one connection; 0: no limit */
    uint32_t max_watched;       /* users that one connection watches; 0: no limit */
    uint32_t max_message_size_bytes;
    enum config_client_events accept_client_events_from;
    struct config_rate_limiting rate_limiting;
    struct config_address_limits address_limits;
    uint32_t auth_timestamp_tolerance_s; /* 0: any */
    uint32_t cache_ttl_s;
    bool subscription_counts;
    bool answer_early; /* a publish is answered before all nodes have it */
    bool public_client_events;
    bool strict; /* Pusher's own limits on names and counts */

    /* Where browsers and publishers reach it; behind a proxy that is not where it listens. */
    char *public_host;     /* NULL: the server's; may have a scheme and a port too */
    uint16_t public_port;  /* 0: the server's */
    char *public_scheme;   /* "https" or "http"; NULL: as the server speaks */
    bool public_is_secure; /* the SDKs' own word for https, if there is no scheme */

    struct config_webhook *webhooks;
    size_t webhooks_count;
};

/* PHP's SSL context options, as far as a server can honour them; NULL if not given. */
struct config_tls {
    bool enabled;
    char *local_cert;
    char *local_pk;
    char *passphrase;
    char *cafile;
    char *capath;
    char *ciphers;
    char *crypto_method; /* the versions: config/crypto_method.h */
    bool verify_peer;    /* a client must show a certificate of `cafile` */
};

/* "redis" means TCP, "rediss" TLS. */
enum config_scaling_scheme {
    CONFIG_SCALING_TCP,
    CONFIG_SCALING_TLS,
    CONFIG_SCALING_REDIS,
    CONFIG_SCALING_REDISS,
    CONFIG_SCALING_UNIX,
};

/* How several servers act as one, over Redis. If it is not enabled the rest was not looked at,
 * and may be anything. */
struct config_scaling {
    bool enabled;
    char *channel; /* the cluster's name: its keys begin with `prefix` and this */
    char *prefix;  /* before every key; "" is none */
    char *url;     /* as given; its parts are in the fields below. NULL: none */
    enum config_scaling_scheme scheme; /* as given; `tls.enabled` is what counts */
    char *host;                        /* or the path of a Unix socket, which begins with '/' */
    uint16_t port;
    char *username; /* NULL: none */
    char *password; /* NULL: none */
    uint32_t database;
    uint32_t timeout_s;    /* Redis away for this long: one more error in the log; 0: never */
    struct config_tls tls; /* a client's: `verify_peer` is about the server's certificate */
    char **hosts;          /* "host:port" of Sentinels or nodes; none: `host` and `port` */
    size_t hosts_count;
    char *sentinel; /* the master's name among Sentinels; NULL: there are none */
    char *sentinel_username;
    char *sentinel_password;
    bool cluster;             /* it is a Redis Cluster */
    uint32_t max_kept_bytes;  /* of the outbox: events that wait for Redis to come back */
    uint32_t max_inbox_bytes; /* of a node's inbox in Redis, which it has yet to read */
};

struct config {
    char *host;
    uint16_t port;
    char *path;     /* "" or "/prefix", without a slash at the end */
    char *hostname; /* NULL if none is given */
    struct config_tls tls;
    uint32_t max_request_size_bytes;
    bool compression;           /* permessage-deflate is negotiated */
    uint32_t max_backlog_bytes; /* of a slow reader: net/backlog.h */
    uint32_t lame_duck_s; /* how long a graceful shutdown serves, and says that it is not ready */
    uint32_t drain_s;     /* how long it spreads its closes after that */
    uint32_t shutdown_timeout_s;
    uint32_t workers; /* 1 at least */
    enum config_io io;
    char **trusted_proxies; /* addresses and ranges: base/ip.h */
    size_t trusted_proxies_count;
    bool proxy_protocol;                         /* they begin each connection with its header */
    struct config_address_limits address_limits; /* of all apps together */
    char *admin;            /* address of the administration listener; NULL: there is none */
    char *admin_token;      /* that it requires; NULL: none */
    bool ready_needs_redis; /* not ready while Redis is away */
    bool debug;
    enum log_level log_level;
    bool log_json;
    struct config_scaling scaling;
    uint32_t pulse_ingest_interval_s; /* between two reports to Laravel's Pulse */
    bool webhook_deny_private;        /* webhooks reach public addresses only */
    uint32_t webhook_max_queue_bytes; /* of events that wait for one webhook's receiver */

    struct config_app *apps;
    size_t apps_count;

    struct config_source *sources; /* for config_print(): where each value came from */
    size_t sources_count;
    size_t sources_cap;
};

/* The options of the command line; NULL: not given. Borrowed for the call. */
struct config_options {
    const char *host;
    const char *port;
    const char *path;
    const char *hostname;
    const char *workers;
    const char *config_file; /* JSON of the shape of config/reverb.php; "-": standard input */
    const char *env_file;    /* instead of ./.env */
    const char *config_text; /* the text of `config_file`, if it was read already */
    const char *log_format;  /* "text" or "json" */
    const char *log_level;
    const char *admin;
    bool debug;

    /* Added by `php artisan reverb:start`; not settings. */
    bool supervised;         /* ends with the process that started it */
    const char *events_fd;   /* descriptor that events are written to */
    const char *events;      /* their kinds, separated by commas */
    const char *commands_fd; /* descriptor that commands are read from */
};
