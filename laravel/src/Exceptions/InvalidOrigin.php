<?php

namespace Laravel\Reverb\Exceptions;

use Exception;

class InvalidOrigin extends Exception
{
    protected $message = 'This origin may not connect to the Reverb application.';
}
