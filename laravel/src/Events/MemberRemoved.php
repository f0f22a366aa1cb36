<?php

namespace Laravel\Reverb\Events;

use Illuminate\Foundation\Events\Dispatchable;
use Laravel\Reverb\Application;
use Laravel\Reverb\Protocols\Pusher\Channels\Channel;

/**
 * A user has left a presence channel, with the last of its connections.
 */
class MemberRemoved
{
    use Dispatchable;

    public function __construct(public Application $app, public Channel $channel, public string $userId)
    {
        //
    }
}
