<?php

namespace Laravel\Reverb\Protocols\Pusher\Exceptions;

class InvalidOrigin extends PusherException
{
    protected $code = 4009;

    protected $message = 'Origin not allowed';
}
