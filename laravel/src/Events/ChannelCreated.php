<?php

namespace Laravel\Reverb\Events;

use Illuminate\Foundation\Events\Dispatchable;
use Laravel\Reverb\Protocols\Pusher\Channels\Channel;

/**
 * A channel has its first subscriber.
 */
class ChannelCreated
{
    use Dispatchable;

    public function __construct(public Channel $channel)
    {
        //
    }
}
