#include "cli/webhooks.h"

#include "base/printable.h"
#include "cli/options.h"
#include "cli/running.h"
#include "config/free.h"
#include "config/load.h"
#include "config/webhook.h"
#include "webhook/body.h"
#include "webhook/delivery.h"

#include <stdio.h>

#define WAIT_MS 1000

struct outcome {
    bool is_over;
    bool is_delivered;
    unsigned status;
    char reason[WEBHOOK_DELIVERY_REASON_LEN_MAX];
};

static void on_done(const struct webhook_delivery_result *result, void *user)
{
    struct outcome *outcome = user;

    outcome->is_over = true;
    outcome->is_delivered = result->is_delivered;
    outcome->status = result->status;
    snprintf(outcome->reason, sizeof outcome->reason, "%s", result->reason);
}

/* Sends the example and waits for its answer, which comes within the webhook's timeout. */
static void send_example(struct webhook_delivery *delivery, const struct config *config,
                         const struct config_app *app, const struct config_webhook *webhook,
                         struct outcome *outcome)
{
    struct webhook_delivery_request *request =
        webhook_delivery_request_new(delivery, on_done, outcome);
    struct buffer body = {0};
    char **headers;

    webhook_body_example(&body, bytes_of(app->id));
    headers = webhook_body_headers(webhook, bytes_of(app->key), bytes_of(app->secret),
                                   buffer_bytes(&body), "test");
    webhook_delivery_send(request, webhook, config->webhook_deny_private, true, headers,
                          buffer_bytes(&body));
    while (!outcome->is_over) {
        webhook_delivery_wait(delivery, WAIT_MS);
        webhook_delivery_work(delivery);
    }
    webhook_body_free_headers(headers);
    webhook_delivery_request_free(request);
    buffer_deinit(&body);
}

static bool test_one(struct webhook_delivery *delivery, const struct config *config,
                     const struct config_app *app, const struct config_webhook *webhook)
{
    struct outcome outcome = {0};
    struct buffer url = {0};

    if (config_webhook_is_artisan(webhook)) {
        printable_print_line(stderr,
                             "reverb: artisan (app %s): not tested: only a server that it has "
                             "started reaches it; join a channel instead",
                             app->id);
        return false;
    }
    config_webhook_print_url(webhook->url, &url);
    send_example(delivery, config, app, webhook, &outcome);
    if (outcome.is_delivered)
        printable_print_line(stdout, "%s (app %s): delivered, it answered %u", buffer_text(&url),
                             app->id, outcome.status);
    else
        printable_print_line(stderr, "reverb: %s (app %s): not delivered: %s", buffer_text(&url),
                             app->id, outcome.reason);
    buffer_deinit(&url);
    return outcome.is_delivered;
}

/* False if there is none, or one of them was not delivered. */
static bool test_all(const struct config *config, struct buffer *error)
{
    struct webhook_delivery *delivery = webhook_delivery_new(error);
    bool is_delivered = true;
    size_t count = 0;

    if (delivery == NULL)
        return false;
    for (size_t i = 0; i < config->apps_count; i++) {
        const struct config_app *app = &config->apps[i];

        for (size_t n = 0; n < app->webhooks_count; n++, count++)
            is_delivered = test_one(delivery, config, app, &app->webhooks[n]) && is_delivered;
    }
    webhook_delivery_free(delivery);
    if (count == 0)
        buffer_append_text(error, "no app has a webhook; set REVERB_WEBHOOK_URL, or webhooks of an "
                                  "app in the configuration");
    return count > 0 && is_delivered;
}

static int test(int argc, char **argv)
{
    struct config_options options;
    struct buffer error = {0};
    struct buffer warnings = {0};
    struct config *config = NULL;
    bool ok = false;

    if (cli_options_config(argc, argv, &options, NULL, &error))
        config = config_load(&options, &error, &warnings);
    if (config != NULL)
        ok = test_all(config, &error);
    if (error.len > 0)
        cli_options_print_errors(buffer_bytes(&error));
    config_free(config);
    buffer_deinit(&error);
    buffer_deinit(&warnings);
    return ok ? 0 : 1;
}

int cli_webhooks(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "test") == 0)
        return test(argc - 1, argv + 1);
    return cli_running_webhooks(argc, argv);
}
