<?php

namespace Laravel\Reverb\Exceptions;

use Exception;

class RedisConnectionException extends Exception
{
    protected $message = 'Redis cannot be reached.';
}
