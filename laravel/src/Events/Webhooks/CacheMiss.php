<?php

namespace Laravel\Reverb\Events\Webhooks;

/**
 * A subscriber of a cache channel found no event.
 */
class CacheMiss extends Webhook
{
    //
}
