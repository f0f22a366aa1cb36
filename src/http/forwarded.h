/* Whose request it is, as the proxies that it came through say: X-Forwarded-For, or Forwarded (RFC
 * 7239). Each proxy appends the address that it was connected from, so only what trusted proxies
 * have written counts: the client is the last address that is not one of theirs.
 *
 * Thread: any.
 */
#pragma once

#include "base/ip.h"
#include "http/request.h"

/* `peer` is who sent the request to this server. If it is no trusted proxy, it is the client itself
 * whatever the request says. Forwarded counts if there is no X-Forwarded-For. Behind an entry that
 * is no address ("unknown") nothing is known: the proxy that wrote it stands for its client. */
struct ip http_forwarded_client(const struct http_request *request, const struct ip_ranges *trusted,
                                const struct ip *peer);
