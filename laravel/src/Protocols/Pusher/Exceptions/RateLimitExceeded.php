<?php

namespace Laravel\Reverb\Protocols\Pusher\Exceptions;

class RateLimitExceeded extends PusherException
{
    /** @var int */
    protected $code = 4301;

    protected $message = 'Rate limit exceeded';
}
