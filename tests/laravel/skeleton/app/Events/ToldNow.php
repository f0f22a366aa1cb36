<?php

namespace App\Events;

use Illuminate\Contracts\Broadcasting\ShouldBroadcastNow;

class ToldNow extends Told implements ShouldBroadcastNow
{
    //
}
