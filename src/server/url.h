/* The URL at which browsers and publishers reach an app.
 *
 * Thread: any.
 */
#pragma once

#include "base/buffer.h"
#include "config/config.h"

/* Appends "ws", or what `protocol` is, with an "s" if it is secure, "://", host and port. The port
 * that goes without saying is left out. */
void server_url_append(struct buffer *out, const char *protocol, const struct config *config,
                       const struct config_app *app, uint16_t port);

/* Appends it as it may stand in a path. */
void server_url_append_escaped(struct buffer *out, struct bytes text);
