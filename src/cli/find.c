#include "cli/find.h"

#include "config/free.h"
#include "config/load.h"
#include "server/place.h"

#include <stdlib.h>

static bool read_port(const char *text, uint16_t *port, struct buffer *error)
{
    uint64_t number;

    if (!bytes_to_number(bytes_of(text), UINT16_MAX, &number) || number == 0) {
        buffer_printf(error, "--port \"%s\" is no port; give a number from 1 to 65535", text);
        return false;
    }
    *port = (uint16_t)number;
    return true;
}

/* The configuration is not read if the port is given, or if only one server runs. */
bool cli_find_server(const struct cli_find *find, uint16_t *port, struct buffer *error)
{
    const struct config_options options = {.config_file = find->config_file,
                                           .env_file = find->env_file};
    const bool is_anywhere = find->config_file == NULL && find->env_file == NULL;
    struct buffer warnings = {0};
    struct config *config;

    if (find->port != NULL)
        return read_port(find->port, port, error);
    *port = is_anywhere && getenv("REVERB_CONTROL") != NULL ? server_place_lone_port() : 0;
    if (*port != 0)
        return true;
    config = config_load(&options, error, &warnings);
    buffer_deinit(&warnings);
    if (config != NULL)
        *port = config->port;
    else if (is_anywhere)
        *port = server_place_lone_port();
    config_free(config);
    return *port != 0;
}
