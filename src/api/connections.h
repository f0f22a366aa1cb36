/* `GET /apps/{id}/connections`: how many clients are connected. Thread: the call's. */
#pragma once

#include "api/call.h"

void api_connections(struct api_call *call);
