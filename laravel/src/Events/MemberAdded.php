<?php

namespace Laravel\Reverb\Events;

use Illuminate\Foundation\Events\Dispatchable;
use Laravel\Reverb\Application;
use Laravel\Reverb\Protocols\Pusher\Channels\Channel;

/**
 * A user has joined a presence channel, with the first of its connections.
 */
class MemberAdded
{
    use Dispatchable;

    /**
     * @param  array<string, mixed>  $userInfo
     */
    public function __construct(public Application $app, public Channel $channel, public string $userId, public array $userInfo = [])
    {
        //
    }
}
