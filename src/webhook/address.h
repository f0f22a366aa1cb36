/* Which addresses a webhook must not reach if `webhook_deny_private` is set: those of this machine,
 * of private and local networks, and those that are none of a host. IANA's special-purpose
 * registries of IPv4 and IPv6 addresses.
 *
 * Thread: any.
 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

/* An address of another family than IPv4 and IPv6 is private. */
bool webhook_address_is_private(const struct sockaddr *address);
