<?php

namespace Laravel\Reverb\Events;

use Illuminate\Foundation\Events\Dispatchable;
use Laravel\Reverb\Contracts\Connection;

/**
 * A connection has ended, by whichever side.
 */
class ConnectionClosed
{
    use Dispatchable;

    public function __construct(public Connection $connection)
    {
        //
    }
}
