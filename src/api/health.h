/* `GET /up`: is the server there? It is while Redis is away, too: clients stay connected, and a
 * load balancer must not send them off. Thread: owner of `conn`. */
#pragma once

#include "api/call.h"

void api_health(const struct api_call *call);
