/* `GET /apps/{id}/channels/{channel}/users` and `POST
 * /apps/{id}/users/{user}/terminate_connections`. Thread: the call's. */
#pragma once

#include "api/call.h"

void api_users_of_channel(struct api_call *call);
void api_users_terminate(struct api_call *call);
