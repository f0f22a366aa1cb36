<?php

namespace Laravel\Reverb\Protocols\Pusher\Exceptions;

class InvalidOrigin extends PusherException
{
    /** @var int */
    protected $code = 4009;

    protected $message = 'Origin not allowed';
}
