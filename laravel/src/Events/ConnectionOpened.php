<?php

namespace Laravel\Reverb\Events;

use Illuminate\Foundation\Events\Dispatchable;
use Laravel\Reverb\Contracts\Connection;

/**
 * A client has connected and knows its socket id.
 */
class ConnectionOpened
{
    use Dispatchable;

    public function __construct(public Connection $connection)
    {
        //
    }
}
