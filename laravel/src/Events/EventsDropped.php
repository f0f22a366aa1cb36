<?php

namespace Laravel\Reverb\Events;

use Illuminate\Foundation\Events\Dispatchable;

/**
 * Listeners were slower than the server for so long that so many events were not told.
 */
class EventsDropped
{
    use Dispatchable;

    public function __construct(public int $count)
    {
        //
    }
}
