#include "config/setting.h"

#include "base/check.h"

#define NUMBER_OF(name, what)                                                                   \
    {                                                                                           \
        .key = (name), .kind = CONFIG_SETTING_NUMBER, CONFIG_SETTING_RANGE(what, 0, UINT32_MAX) \
    }
#define TEXT_OF(name)                              \
    {                                              \
        .key = (name), .kind = CONFIG_SETTING_TEXT \
    }

const struct config_setting config_setting_laravel_server[] = {
    NUMBER_OF("telescope_ingest_interval", "a number of seconds"),
    TEXT_OF("scaling.server.*"), /* Laravel's own Redis connections have more keys */
};
const size_t config_setting_laravel_server_count =
    CONFIG_SETTING_COUNT(config_setting_laravel_server);

const struct config_setting config_setting_laravel_app[] = {
    TEXT_OF("options.*"), /* any option of the Pusher SDK */
};
const size_t config_setting_laravel_app_count = CONFIG_SETTING_COUNT(config_setting_laravel_app);

const struct config_setting config_setting_rest_of_webhook[] = {
    TEXT_OF("headers.*"),
};
const size_t config_setting_rest_of_webhook_count =
    CONFIG_SETTING_COUNT(config_setting_rest_of_webhook);

const char *const config_setting_unhonoured_tls[] = {
    "peer_name",
    "verify_peer_name",
    "allow_self_signed",
    "verify_depth",
    "capture_peer_cert",
    "capture_peer_cert_chain",
    "SNI_enabled",
    "SNI_server_name",
    "SNI_server_certs",
    "disable_compression",
    "peer_fingerprint",
    "security_level",
    "min_proto_version",
    "max_proto_version",
    "honor_cipher_order",
    "ecdh_curve",
    "dh_param",
    "single_dh_use",
    "single_ecdh_use",
    "rsa_key_size",
    "no_ticket",
    "alpn_protocols",
    "reneg_limit",
    "reneg_window",
    "reneg_limit_callback",
    "CN_match",
    NULL,
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
