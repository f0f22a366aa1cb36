<?php

namespace Laravel\Reverb\Protocols\Pusher\Exceptions;

class RateLimitExceeded extends PusherException
{
    protected $code = 4301;

    protected $message = 'Rate limit exceeded';
}
