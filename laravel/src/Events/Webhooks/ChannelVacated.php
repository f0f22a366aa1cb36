<?php

namespace Laravel\Reverb\Events\Webhooks;

/**
 * The last subscriber of a channel has gone, and did not come back in time.
 */
class ChannelVacated extends Webhook
{
    //
}
