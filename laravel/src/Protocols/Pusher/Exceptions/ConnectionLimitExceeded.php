<?php

namespace Laravel\Reverb\Protocols\Pusher\Exceptions;

class ConnectionLimitExceeded extends PusherException
{
    protected $code = 4004;

    protected $message = 'Application is over connection quota';
}
