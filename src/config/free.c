#include "config/free.h"

#include "config/source.h"
#include "config/value.h"
#include "config/webhook.h"

#include <stdlib.h>

static void free_app(struct config_app *app)
{
    for (size_t i = 0; i < config_setting_app_count; i++)
        config_value_clear(&config_setting_app[i], app);
    config_webhook_free_all(app);
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    for (size_t i = 0; i < config->apps_count; i++)
        free_app(&config->apps[i]);
    free(config->apps);
    for (size_t i = 0; i < config_setting_server_count; i++)
        config_value_clear(&config_setting_server[i], config);
    config_source_free_all(config);
    free(config);
}
