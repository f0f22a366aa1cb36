/* Builds a command for Redis. RESP2, "Sending commands to a Redis server".
 *
 * Thread: the owner's. Zero-initialised is empty.
 */
#pragma once

#include "base/buffer.h"

struct cluster_resp {
    struct buffer arguments; /* encoded */
    size_t count;
};

void cluster_resp_deinit(struct cluster_resp *command);

void cluster_resp_add(struct cluster_resp *command, struct bytes argument);
void cluster_resp_add_text(struct cluster_resp *command, const char *argument);
void cluster_resp_add_number(struct cluster_resp *command, int64_t number);

/* The head of a command with `count` arguments in all. */
void cluster_resp_write_head(struct buffer *out, size_t count);
