/* `GET /up`: whether the server runs. It answers 200 while Redis is away, too: clients stay
 * connected, and a load balancer must not move them to another node. Thread: owner of `conn`. */
#pragma once

#include "api/call.h"

void api_health(const struct api_call *call);
