<?php

namespace Laravel\Reverb\Events;

use Illuminate\Foundation\Events\Dispatchable;

/**
 * Listeners were slower than the server for so long that this many events were dropped.
 */
class EventsDropped
{
    use Dispatchable;

    public function __construct(public int $count)
    {
        //
    }
}
