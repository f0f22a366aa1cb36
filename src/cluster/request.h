/* A command for Redis in the making. RESP2, "Sending commands to a Redis server".
 *
 * Thread: the owner's. Zero-initialised is empty.
 */
#pragma once

#include "base/buffer.h"

struct cluster_request {
    struct buffer arguments; /* as they go over the wire */
    size_t count;
};

void cluster_request_deinit(struct cluster_request *request);

void cluster_request_add(struct cluster_request *request, struct bytes argument);
void cluster_request_add_text(struct cluster_request *request, const char *argument);
void cluster_request_add_number(struct cluster_request *request, int64_t number);

/* The head of a command of `count` arguments, those that follow in `request` and before. */
void cluster_request_write_head(struct buffer *out, size_t count);
