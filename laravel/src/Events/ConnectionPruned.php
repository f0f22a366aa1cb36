<?php

namespace Laravel\Reverb\Events;

use Illuminate\Foundation\Events\Dispatchable;
use Laravel\Reverb\Protocols\Pusher\Channels\ChannelConnection;

/**
 * A client no longer answered and was disconnected.
 */
class ConnectionPruned
{
    use Dispatchable;

    public function __construct(public ChannelConnection $connection)
    {
        //
    }
}
