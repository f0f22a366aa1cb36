#include "webhook/spec.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "config/webhook.h"

void webhook_spec_copy(struct webhook_spec *copy, const struct webhook_spec *spec)
{
    *copy = *spec;
    copy->app_id = bytes_copy(bytes_of(spec->app_id));
    copy->key = bytes_copy(bytes_of(spec->key));
    copy->secret = bytes_copy(bytes_of(spec->secret));
    config_webhook_copy(&copy->webhook, &spec->webhook);
}

void webhook_spec_deinit(struct webhook_spec *spec)
{
    free(spec->app_id);
    free(spec->key);
    free(spec->secret);
    config_webhook_deinit(&spec->webhook);
}

struct webhook_spec_list *webhook_spec_list_new(const struct config *config)
{
    struct webhook_spec_list *specs = mem_new(sizeof *specs);
    size_t cap = 0;

    for (size_t i = 0; i < config->apps_count; i++) {
        const struct config_app *app = &config->apps[i];

        for (size_t n = 0; n < app->webhooks_count; n++) {
            const struct webhook_spec spec = {app->id,
                                              app->key,
                                              app->secret,
                                              app->webhooks[n],
                                              config->webhook_max_queue_bytes,
                                              config->webhook_deny_private};

            specs->specs = mem_room(specs->specs, specs->count, &cap, sizeof *specs->specs);
            webhook_spec_copy(&specs->specs[specs->count++], &spec);
        }
    }
    return specs;
}

void webhook_spec_list_free(struct webhook_spec_list *specs)
{
    if (specs == NULL)
        return;
    for (size_t i = 0; i < specs->count; i++)
        webhook_spec_deinit(&specs->specs[i]);
    free(specs->specs);
    free(specs);
}
