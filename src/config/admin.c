#include "config/admin.h"

#include "config/address.h"
#include "config/source.h"

bool config_admin_check(const struct config *config, struct buffer *error)
{
    struct config_address address;
    struct buffer reason = {0};
    bool is_right;

    if (config->admin == NULL)
        return true;
    is_right = config_address_parse(config->admin, &address, &reason);
    if (is_right && !config_address_is_loopback(&address) && config->admin_token == NULL) {
        is_right = false;
        buffer_printf(&reason,
                      "\"%s\" can be reached from other machines and needs a token: give "
                      "REVERB_ADMIN_TOKEN, or listen on 127.0.0.1",
                      config->admin);
    }
    if (!is_right)
        buffer_printf(error, "%s: %s",
                      config_source_of_server(config, offsetof(struct config, admin)),
                      buffer_text(&reason));
    buffer_deinit(&reason);
    return is_right;
}
