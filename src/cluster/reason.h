/* Why Redis is away: one line, for the status.
 *
 * Thread: any.
 */
#pragma once

#include "base/bytes.h"

#include <pthread.h>

#define CLUSTER_REASON_LEN_MAX 256

struct cluster_reason {
    pthread_mutex_t lock;
    char text[CLUSTER_REASON_LEN_MAX]; /* cut to what fits; "": none */
};

void cluster_reason_init(struct cluster_reason *reason);
void cluster_reason_deinit(struct cluster_reason *reason);

void cluster_reason_set(struct cluster_reason *reason, const char *text);
void cluster_reason_read(struct cluster_reason *reason, char text[CLUSTER_REASON_LEN_MAX]);

/* In words, why scripts/apply has applied nothing: its answer, and what that names. */
void cluster_reason_describe(struct bytes answer, struct bytes what, char *text, size_t len);
