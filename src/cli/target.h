/* The server and the app that a client command connects to: `reverb bench`, `listen`, `publish`.
 * What the command line does not give is read from the server's configuration.
 *
 * Thread: main.
 */
#pragma once

#include "client/server.h"

struct cli_target_options {
    const char *port;   /* of a server on this machine; NULL: use `url` */
    const char *origin; /* sent by the client; NULL: none */
    const char *url;    /* NULL: REVERB_SCHEME, REVERB_HOST and REVERB_PORT, else this machine */
    const char *app_id;
    const char *key;
    const char *secret;
    const char *config_file;
    const char *env_file;
    bool is_trusting; /* any certificate is accepted */
};

struct cli_target {
    struct client_server server;
    struct config_app app; /* borrows from the options and the configuration */
    struct config *config; /* NULL if the command line gives everything */
};

/* For cli_options_parse(): where the options above go. */
#define CLI_TARGET_OPTIONS(options)                            \
    {.name = "--port", .text = &(options)->port},              \
        {.name = "--origin", .text = &(options)->origin},      \
        {.name = "--url", .text = &(options)->url},            \
        {.name = "--app-id", .text = &(options)->app_id},      \
        {.name = "--key", .text = &(options)->key},            \
        {.name = "--secret", .text = &(options)->secret},      \
        {.name = "--config", .text = &(options)->config_file}, \
        {.name = "--env", .text = &(options)->env_file},       \
    {                                                          \
        .name = "--insecure", .flag = &(options)->is_trusting  \
    }

/* False, and one line in `error`, if it cannot be determined. cli_target_close() in any case. */
bool cli_target_open(struct cli_target *target, const struct cli_target_options *options,
                     struct buffer *error);
void cli_target_close(struct cli_target *target);
