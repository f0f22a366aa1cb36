/* The table of settings: name, variable, default, unit and range of each, once. Reading,
 * validating, printing and docs/configuration.md follow it.
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
    const char *key;            /* in the file, below its server or app; NULL: it has none there */
    const char *const *aliases; /* where else the file may have it; ends with NULL, or is it */
    const char *variable;       /* of the environment; NULL: it has none */
    const char *option;         /* of the command line; NULL: it has none */
    size_t option_at;           /* where struct config_options has that option's text */
    enum config_setting_kind kind;
    size_t at; /* where the struct that is filled has it */
    size_t size;
    size_t count_at;              /* of a list: where its length is */
    const char *fallback;         /* the default; NULL: it stays unset */
    const char *fallback_in_file; /* the default of an app of Laravel's file, where it differs */
    const char *unset;            /* how an unset one is shown */
    const char *noun;             /* what a right number is: "a port" */
    uint32_t min;
    uint32_t max;
    const char *const *choices; /* ends with NULL; the index is the value */
    bool is_identity;           /* no app is without it, and none gets it from somewhere else */
    bool empty_counts;          /* an empty text is a value, not a missing one */
    bool takes_text;            /* a list may be one text with commas in the file too */
    bool is_reloaded;           /* of the server's: taken up by a reload, not only by a restart */
    bool is_of_scaling;         /* looked at only where scaling is enabled */
    /* The variable is not ours but Laravel's: its file has asked for it where it is meant. */
    bool is_shared_variable;
};

extern const struct config_setting config_setting_server[]; /* of struct config */
extern const size_t config_setting_server_count;

extern const struct config_setting config_setting_app[]; /* of struct config_app */
extern const size_t config_setting_app_count;

/* What only Laravel reads: its type is looked at, its value is not kept. A key that ends with ".*"
 * stands for whatever else is there. */
extern const struct config_setting config_setting_laravel_server[];
extern const size_t config_setting_laravel_server_count;

extern const struct config_setting config_setting_laravel_app[];
extern const size_t config_setting_laravel_app_count;

/* PHP's SSL context options that a server here cannot honour; ends with NULL. */
extern const char *const config_setting_unhonoured_tls[];

/* The server's setting whose field stands at that offset. */
const struct config_setting *config_setting_of_server(size_t at);

/* What the setting is called where there is no file to point at. */
const char *config_setting_name(const struct config_setting *setting);
