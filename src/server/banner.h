/* The message on standard output once the server is ready. Thread: main. */
#pragma once

#include "config/config.h"
#include "net/descriptors.h"
#include "net/io.h"

void server_banner_print(const struct config *config, uint16_t port,
                         const struct net_descriptors *descriptors, const struct net_io *io);

/* Prints lines about the server's own state: on standard output, or in the log if it is JSON. */
void server_banner_say(const struct config *config, struct bytes lines);
