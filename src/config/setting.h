/* The table of settings: the name, variable, default, unit and range of each. Reading, validating,
 * printing and docs/configuration.md follow it.
 *
 * Thread: any; it is constant.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_setting_kind {
    CONFIG_SETTING_TEXT,
    CONFIG_SETTING_SECRET, /* a text that is never shown */
    CONFIG_SETTING_PATH,   /* the prefix of all routes */
    CONFIG_SETTING_LIST,   /* texts between commas, in the file an array */
    CONFIG_SETTING_FLAG,
    CONFIG_SETTING_NUMBER,
    CONFIG_SETTING_CHOICE,
};

struct config_setting {
    const char *key;            /* in the file, below its server or app; NULL: none */
    const char *const *aliases; /* other keys in the file, NULL-terminated; NULL: none */
    const char *variable;       /* of the environment; NULL: none */
    const char *option;         /* of the command line; NULL: none */
    size_t option_at;           /* offset of that option's text in struct config_options */
    enum config_setting_kind kind;
    size_t at; /* its offset in the struct that is filled */
    size_t size;
    size_t count_at;              /* of a list: the offset of its length */
    const char *fallback;         /* the default; NULL: it stays unset */
    const char *fallback_in_file; /* the default of an app of Laravel's file, if it differs */
    const char *unset;            /* how an unset one is printed */
    const char *noun;             /* what the number is: "a port" */
    uint32_t min;
    uint32_t max;
    const char *const *choices; /* NULL-terminated; the index is the value */
    bool is_identity;           /* required for each app, and only from the app's own source */
    bool empty_counts;          /* an empty text is a value, not a missing one */
    bool takes_text;            /* a list may be one text with commas in the file too */
    bool is_reloaded;           /* a server setting that a reload applies, not only a restart */
    bool is_of_scaling;         /* checked only if scaling is enabled */
    /* The variable is Laravel's: a file of Laravel has read it already if it is meant. */
    bool is_shared_variable;
};

/* For the tables: config/setting*.c alone. */
#define CONFIG_SETTING_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CONFIG_SETTING_FIELD(type, member) \
    .at = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define CONFIG_SETTING_FIELDS(type, member) \
    CONFIG_SETTING_FIELD(type, member), .count_at = offsetof(struct type, member##_count)
#define CONFIG_SETTING_RANGE(what, from, to) .noun = (what), .min = (from), .max = (to)
#define CONFIG_SETTING_BYTES_MAX (1024u * 1024 * 1024)
#define CONFIG_SETTING_RATE_MAX 1000000u
#define CONFIG_SETTING_SECONDS_MAX (10u * 365 * 24 * 60 * 60)

extern const struct config_setting config_setting_server[]; /* of struct config */
extern const size_t config_setting_server_count;

extern const struct config_setting config_setting_app[]; /* of struct config_app */
extern const size_t config_setting_app_count;

extern const struct config_setting config_setting_webhook[]; /* of struct config_webhook */
extern const size_t config_setting_webhook_count;

/* The names of enum config_webhook_kind. */
extern const char *const config_setting_webhook_kinds[];

/* Settings that only Laravel reads: the type is checked, the value is dropped. A key that ends with
 * ".*" stands for any other key there. */
extern const struct config_setting config_setting_laravel_server[];
extern const size_t config_setting_laravel_server_count;

extern const struct config_setting config_setting_laravel_app[];
extern const size_t config_setting_laravel_app_count;

/* Keys of a webhook that have no row of their own. */
extern const struct config_setting config_setting_rest_of_webhook[];
extern const size_t config_setting_rest_of_webhook_count;

/* PHP's SSL context options that this server does not support; NULL-terminated. */
extern const char *const config_setting_unhonoured_tls[];

/* The server setting whose field is at that offset. */
const struct config_setting *config_setting_of_server(size_t at);

/* The setting's name in messages that do not refer to a file. */
const char *config_setting_name(const struct config_setting *setting);
