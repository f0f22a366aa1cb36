<?php

namespace Laravel\Reverb\Protocols\Pusher\Exceptions;

class ConnectionUnauthorized extends PusherException
{
    /** @var int */
    protected $code = 4009;

    protected $message = 'Connection is unauthorized';
}
