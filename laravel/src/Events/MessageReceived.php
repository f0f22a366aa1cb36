<?php

namespace Laravel\Reverb\Events;

use Illuminate\Foundation\Events\Dispatchable;
use Laravel\Reverb\Contracts\Connection;

/**
 * A client's message was valid and accepted.
 */
class MessageReceived
{
    use Dispatchable;

    public function __construct(public Connection $connection, public string $message)
    {
        //
    }
}
