/* What a configuration says about webhooks, as a copy that outlives it.
 *
 * Thread: any.
 */
#pragma once

#include "config/config.h"

struct webhook_spec {
    char *app_id;
    char *key;
    char *secret;
    struct config_webhook webhook;
    size_t queue_bytes_max;
    bool denies_private;
};

struct webhook_spec_list {
    struct webhook_spec *specs;
    size_t count;
};

struct webhook_spec_list *webhook_spec_list_new(const struct config *config);
void webhook_spec_list_free(struct webhook_spec_list *specs); /* NULL is fine */

void webhook_spec_copy(struct webhook_spec *copy, const struct webhook_spec *spec);
void webhook_spec_deinit(struct webhook_spec *spec);
