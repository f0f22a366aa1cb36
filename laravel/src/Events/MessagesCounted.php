<?php

namespace Laravel\Reverb\Events;

use Illuminate\Foundation\Events\Dispatchable;
use Laravel\Reverb\Application;

/**
 * So many messages of an app since the last time, each `pulse_ingest_interval`. The server counts
 * them, which costs nothing; an event a message would.
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
