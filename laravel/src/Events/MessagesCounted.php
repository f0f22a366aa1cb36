<?php

namespace Laravel\Reverb\Events;

use Illuminate\Foundation\Events\Dispatchable;
use Laravel\Reverb\Application;

/**
 * The number of messages of an app since the last event, each `pulse_ingest_interval`. The server counts
 * them, which is cheap; an event for each message is not.
 */
class MessagesCounted
{
    use Dispatchable;

    /**
     * @param  int  $at  Unix time at which the interval ended
     */
    public function __construct(public Application $app, public int $sent, public int $received, public int $at)
    {
        //
    }
}
