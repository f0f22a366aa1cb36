<?php

namespace Laravel\Reverb\Protocols\Pusher\Exceptions;

class ConnectionLimitExceeded extends PusherException
{
    /** @var int */
    protected $code = 4004;

    protected $message = 'Application is over connection quota';
}
