#include "cluster/reason.h"

#include "base/check.h"

#include <stdio.h>
#include <string.h>

void cluster_reason_init(struct cluster_reason *reason)
{
    CHECK(pthread_mutex_init(&reason->lock, NULL) == 0);
    reason->text[0] = '\0';
}

void cluster_reason_deinit(struct cluster_reason *reason)
{
    pthread_mutex_destroy(&reason->lock);
}

void cluster_reason_set(struct cluster_reason *reason, const char *text)
{
    CHECK(pthread_mutex_lock(&reason->lock) == 0);
    snprintf(reason->text, sizeof reason->text, "%s", text);
    CHECK(pthread_mutex_unlock(&reason->lock) == 0);
}

void cluster_reason_read(struct cluster_reason *reason, char text[CLUSTER_REASON_LEN_MAX])
{
    CHECK(pthread_mutex_lock(&reason->lock) == 0);
    memcpy(text, reason->text, sizeof reason->text);
    CHECK(pthread_mutex_unlock(&reason->lock) == 0);
}
