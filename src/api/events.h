/* `POST /apps/{id}/events` and `POST /apps/{id}/batch_events`. Thread: the call's. */
#pragma once

#include "api/call.h"

void api_events_trigger(struct api_call *call);
void api_events_trigger_batch(struct api_call *call);
