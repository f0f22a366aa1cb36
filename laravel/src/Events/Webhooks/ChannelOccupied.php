<?php

namespace Laravel\Reverb\Events\Webhooks;

/**
 * A channel has its first subscriber, on any server.
 */
class ChannelOccupied extends Webhook
{
    //
}
