<?php

namespace Laravel\Reverb\Events;

use Illuminate\Foundation\Events\Dispatchable;
use Laravel\Reverb\Protocols\Pusher\Channels\Channel;

/**
 * A channel has lost its last subscriber.
 */
class ChannelRemoved
{
    use Dispatchable;

    public function __construct(public Channel $channel)
    {
        //
    }
}
