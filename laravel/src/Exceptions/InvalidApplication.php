<?php

namespace Laravel\Reverb\Exceptions;

use Exception;

class InvalidApplication extends Exception
{
    protected $message = 'There is no such Reverb application.';
}
