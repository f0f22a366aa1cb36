#include "webhook/pipe.h"

#include "config/webhook.h"

struct webhook_delivery_result webhook_pipe_send(const struct webhook_pipe *pipe,
                                                 struct bytes app_id, struct bytes body)
{
    const char *reason = pipe->send(app_id, body, pipe->user);

    return (struct webhook_delivery_result){.is_delivered = reason == NULL,
                                            .reason = reason != NULL ? reason : ""};
}

static bool needs_pipe(const struct config_app *app)
{
    for (size_t i = 0; i < app->webhooks_count; i++)
        if (config_webhook_is_artisan(&app->webhooks[i]))
            return true;
    return false;
}

bool webhook_pipe_suffices(const struct webhook_pipe *pipe, const struct config *config,
                           struct buffer *error)
{
    if (pipe->send != NULL)
        return true;
    for (size_t i = 0; i < config->apps_count; i++) {
        if (!needs_pipe(&config->apps[i]))
            continue;
        buffer_printf(error,
                      "the app %s has the webhook \"artisan\", and no artisan has started this "
                      "server; start it by php artisan reverb:start, or give a URL",
                      config->apps[i].id);
        return false;
    }
    return true;
}
