#include "config/setting.h"

#include "base/check.h"
#include "config/config.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FIELD(type, member) \
    .at = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define SERVER(member) FIELD(config, member)
#define APP(member) FIELD(config_app, member)
#define OPTION(text, member) .option = (text), .option_at = offsetof(struct config_options, member)
#define RANGE(what, from, to) .noun = (what), .min = (from), .max = (to)

#define BYTES_MAX (1024u * 1024 * 1024)
#define SECONDS_MAX (10u * 365 * 24 * 60 * 60)
#define WORKERS_MAX 1024

static const char *const log_formats[] = {"text", "json", NULL};

/* In the order of enum config_client_events. */
static const char *const client_events[] = {"all", "members", "none", NULL};

const struct config_setting config_setting_server[] = {
    {.key = "host",
     .variable = "REVERB_SERVER_HOST",
     OPTION("--host", host),
     .kind = CONFIG_SETTING_TEXT,
     SERVER(host),
     .fallback = "0.0.0.0"},
    {.key = "port",
     .variable = "REVERB_SERVER_PORT",
     OPTION("--port", port),
     .kind = CONFIG_SETTING_NUMBER,
     SERVER(port),
     .fallback = "8080",
     RANGE("a port", 0, UINT16_MAX)},
    {.key = "path",
     .variable = "REVERB_SERVER_PATH",
     OPTION("--path", path),
     .kind = CONFIG_SETTING_PATH,
     SERVER(path),
     .fallback = "",
     .unset = "none",
     .empty_counts = true},
    {.key = "hostname",
     .variable = "REVERB_HOST",
     OPTION("--hostname", hostname),
     .kind = CONFIG_SETTING_TEXT,
     SERVER(hostname),
     .unset = "none"},
    {.key = "options.tls.local_cert",
     .variable = "REVERB_TLS_LOCAL_CERT",
     .kind = CONFIG_SETTING_TEXT,
     SERVER(tls.local_cert),
     .unset = "none"},
    {.key = "options.tls.local_pk",
     .variable = "REVERB_TLS_LOCAL_PK",
     .kind = CONFIG_SETTING_TEXT,
     SERVER(tls.local_pk),
     .unset = "none"},
    {.key = "options.tls.passphrase",
     .variable = "REVERB_TLS_PASSPHRASE",
     .kind = CONFIG_SETTING_SECRET,
     SERVER(tls.passphrase),
     .unset = "none"},
    {.key = "options.tls.cafile", .kind = CONFIG_SETTING_TEXT, SERVER(tls.cafile), .unset = "none"},
    {.key = "options.tls.capath", .kind = CONFIG_SETTING_TEXT, SERVER(tls.capath), .unset = "none"},
    {.key = "options.tls.ciphers",
     .kind = CONFIG_SETTING_TEXT,
     SERVER(tls.ciphers),
     .unset = "OpenSSL's"},
    {.key = "options.tls.verify_peer",
     .kind = CONFIG_SETTING_FLAG,
     SERVER(tls.verify_peer),
     .fallback = "false"},
    {.key = "max_request_size",
     .variable = "REVERB_MAX_REQUEST_SIZE",
     .kind = CONFIG_SETTING_NUMBER,
     SERVER(max_request_size_bytes),
     .fallback = "10000",
     RANGE("a number of bytes", 1, BYTES_MAX)},
    {.key = "compression",
     .variable = "REVERB_COMPRESSION",
     .kind = CONFIG_SETTING_FLAG,
     SERVER(compression),
     .fallback = "false"},
    {.key = "max_backlog",
     .variable = "REVERB_MAX_BACKLOG",
     .kind = CONFIG_SETTING_NUMBER,
     SERVER(max_backlog_bytes),
     .fallback = "1048576",
     RANGE("a number of bytes", 1, BYTES_MAX)},
    {.key = "drain",
     .variable = "REVERB_DRAIN",
     .kind = CONFIG_SETTING_NUMBER,
     SERVER(drain_s),
     .fallback = "0",
     RANGE("a number of seconds", 0, 24 * 60 * 60)},
    {.key = "shutdown_timeout",
     .variable = "REVERB_SHUTDOWN_TIMEOUT",
     .kind = CONFIG_SETTING_NUMBER,
     SERVER(shutdown_timeout_s),
     .fallback = "10",
     RANGE("a number of seconds", 1, 24 * 60 * 60)},
    {.key = "workers",
     .variable = "REVERB_WORKERS",
     OPTION("--workers", workers),
     .kind = CONFIG_SETTING_NUMBER,
     SERVER(workers),
     RANGE("a number", 1, WORKERS_MAX)},
    {.variable = "REVERB_DEBUG", .kind = CONFIG_SETTING_FLAG, SERVER(debug), .fallback = "false"},
    {.variable = "REVERB_LOG_FORMAT",
     OPTION("--log-format", log_format),
     .kind = CONFIG_SETTING_CHOICE,
     SERVER(log_json),
     .fallback = "text",
     .choices = log_formats},
    {.key = "pulse_ingest_interval",
     .variable = "REVERB_PULSE_INGEST_INTERVAL",
     .kind = CONFIG_SETTING_NUMBER,
     SERVER(pulse_ingest_interval_s),
     .fallback = "15",
     RANGE("a number of seconds", 0, 24 * 60 * 60)},
    {.key = "scaling.enabled",
     .variable = "REVERB_SCALING_ENABLED",
     .kind = CONFIG_SETTING_FLAG,
     SERVER(scaling_enabled),
     .fallback = "false"},
};
const size_t config_setting_server_count = COUNT(config_setting_server);

const struct config_setting config_setting_app[] = {
    {.key = "app_id",
     .variable = "REVERB_APP_ID",
     .kind = CONFIG_SETTING_TEXT,
     APP(id),
     .is_identity = true},
    {.key = "key",
     .variable = "REVERB_APP_KEY",
     .kind = CONFIG_SETTING_TEXT,
     APP(key),
     .is_identity = true},
    {.key = "secret",
     .variable = "REVERB_APP_SECRET",
     .kind = CONFIG_SETTING_SECRET,
     APP(secret),
     .is_identity = true},
    {.key = "allowed_origins",
     .variable = "REVERB_APP_ALLOWED_ORIGINS",
     .kind = CONFIG_SETTING_LIST,
     APP(allowed_origins),
     .fallback = "*",
     .unset = "none is allowed"},
    {.key = "ping_interval",
     .variable = "REVERB_APP_PING_INTERVAL",
     .kind = CONFIG_SETTING_NUMBER,
     APP(ping_interval_s),
     .fallback = "60",
     RANGE("a number of seconds", 1, 24 * 60 * 60)},
    {.key = "activity_timeout",
     .variable = "REVERB_APP_ACTIVITY_TIMEOUT",
     .kind = CONFIG_SETTING_NUMBER,
     APP(activity_timeout_s),
     .fallback = "30",
     RANGE("a number of seconds", 1, 24 * 60 * 60)},
    {.key = "max_connections",
     .variable = "REVERB_APP_MAX_CONNECTIONS",
     .kind = CONFIG_SETTING_NUMBER,
     APP(max_connections),
     .unset = "no limit",
     RANGE("a number of connections (0: no limit)", 0, UINT32_MAX)},
    {.key = "max_message_size",
     .variable = "REVERB_APP_MAX_MESSAGE_SIZE",
     .kind = CONFIG_SETTING_NUMBER,
     APP(max_message_size_bytes),
     .fallback = "10000",
     RANGE("a number of bytes", 1, BYTES_MAX)},
    {.key = "accept_client_events_from",
     .variable = "REVERB_APP_ACCEPT_CLIENT_EVENTS_FROM",
     .kind = CONFIG_SETTING_CHOICE,
     APP(accept_client_events_from),
     .fallback = "members",
     .fallback_in_file = "all", /* what Reverb did before the key came, in 1.8 */
     .choices = client_events},
    {.key = "rate_limiting.enabled",
     .variable = "REVERB_APP_RATE_LIMITING_ENABLED",
     .kind = CONFIG_SETTING_FLAG,
     APP(rate_limiting.enabled),
     .fallback = "false"},
    {.key = "rate_limiting.max_attempts",
     .variable = "REVERB_APP_RATE_LIMIT_MAX_ATTEMPTS",
     .kind = CONFIG_SETTING_NUMBER,
     APP(rate_limiting.max_attempts),
     .fallback = "60",
     RANGE("a number of messages", 1, UINT32_MAX)},
    {.key = "rate_limiting.decay_seconds",
     .variable = "REVERB_APP_RATE_LIMIT_DECAY_SECONDS",
     .kind = CONFIG_SETTING_NUMBER,
     APP(rate_limiting.decay_s),
     .fallback = "60",
     RANGE("a number of seconds", 1, SECONDS_MAX)},
    {.key = "rate_limiting.terminate_on_limit",
     .variable = "REVERB_APP_RATE_LIMIT_TERMINATE",
     .kind = CONFIG_SETTING_FLAG,
     APP(rate_limiting.terminate_on_limit),
     .fallback = "false"},
    {.key = "auth_timestamp_tolerance",
     .variable = "REVERB_APP_AUTH_TIMESTAMP_TOLERANCE",
     .kind = CONFIG_SETTING_NUMBER,
     APP(auth_timestamp_tolerance_s),
     .fallback = "600",
     RANGE("a number of seconds (0: any)", 0, SECONDS_MAX)},
    {.key = "cache_ttl",
     .variable = "REVERB_APP_CACHE_TTL",
     .kind = CONFIG_SETTING_NUMBER,
     APP(cache_ttl_s),
     .fallback = "1800",
     RANGE("a number of seconds", 0, SECONDS_MAX)},
    {.key = "subscription_counts",
     .variable = "REVERB_APP_SUBSCRIPTION_COUNTS",
     .kind = CONFIG_SETTING_FLAG,
     APP(subscription_counts),
     .fallback = "false"},
    {.key = "public_client_events",
     .variable = "REVERB_APP_PUBLIC_CLIENT_EVENTS",
     .kind = CONFIG_SETTING_FLAG,
     APP(public_client_events),
     .fallback = "false"},
    {.key = "strict",
     .variable = "REVERB_APP_STRICT",
     .kind = CONFIG_SETTING_FLAG,
     APP(strict),
     .fallback = "false"},
};
const size_t config_setting_app_count = COUNT(config_setting_app);

#define NUMBER_OF(name, what)                                                    \
    {                                                                            \
        .key = (name), .kind = CONFIG_SETTING_NUMBER, RANGE(what, 0, UINT32_MAX) \
    }
#define TEXT_OF(name)                              \
    {                                              \
        .key = (name), .kind = CONFIG_SETTING_TEXT \
    }

const struct config_setting config_setting_laravel_server[] = {
    NUMBER_OF("telescope_ingest_interval", "a number of seconds"),
    TEXT_OF("scaling.channel"),
    {.key = "scaling.server.url", .kind = CONFIG_SETTING_SECRET},
    TEXT_OF("scaling.server.host"),
    NUMBER_OF("scaling.server.port", "a port"),
    TEXT_OF("scaling.server.username"),
    {.key = "scaling.server.password", .kind = CONFIG_SETTING_SECRET},
    TEXT_OF("scaling.server.database"),
    TEXT_OF("scaling.server.timeout"),
    TEXT_OF("scaling.server.*"), /* Laravel's own Redis connections have more keys */
};
const size_t config_setting_laravel_server_count = COUNT(config_setting_laravel_server);

const struct config_setting config_setting_laravel_app[] = {
    TEXT_OF("options.host"),   NUMBER_OF("options.port", "a port"),
    TEXT_OF("options.scheme"), {.key = "options.useTLS", .kind = CONFIG_SETTING_FLAG},
    TEXT_OF("options.*"), /* whatever the Pusher SDK takes */
};
const size_t config_setting_laravel_app_count = COUNT(config_setting_laravel_app);

const char *const config_setting_unhonoured_tls[] = {
    "peer_name",         "verify_peer_name",
    "allow_self_signed", "verify_depth",
    "capture_peer_cert", "capture_peer_cert_chain",
    "SNI_enabled",       "SNI_server_name",
    "SNI_server_certs",  "disable_compression",
    "peer_fingerprint",  "security_level",
    "crypto_method",     "min_proto_version",
    "max_proto_version", "honor_cipher_order",
    "ecdh_curve",        "dh_param",
    "single_dh_use",     "single_ecdh_use",
    "rsa_key_size",      "no_ticket",
    "alpn_protocols",    "reneg_limit",
    "reneg_window",      "reneg_limit_callback",
    "CN_match",          NULL,
};

const struct config_setting *config_setting_of_server(size_t at)
{
    for (size_t i = 0; i < config_setting_server_count; i++) {
        if (config_setting_server[i].at == at)
            return &config_setting_server[i];
    }
    CHECK(false);
}

const char *config_setting_name(const struct config_setting *setting)
{
    if (setting->key != NULL)
        return setting->key;
    return setting->variable;
}
