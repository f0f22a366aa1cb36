/* `GET /apps/{id}/channels` and `GET /apps/{id}/channels/{channel}`. Thread: the call's. */
#pragma once

#include "api/call.h"

void api_channels_list(struct api_call *call);
void api_channels_show(struct api_call *call);
