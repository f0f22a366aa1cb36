/* What is said on standard output once the server is ready. Thread: main. */
#pragma once

#include "config/config.h"
#include "net/descriptors.h"

void server_banner_print(const struct config *config, uint16_t port,
                         const struct net_descriptors *descriptors);

/* Lines of the server's own life: on standard output, or, if the log is JSON, in it. */
void server_banner_say(const struct config *config, struct bytes lines);
