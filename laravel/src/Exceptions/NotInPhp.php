<?php

namespace Laravel\Reverb\Exceptions;

use LogicException;

/**
 * Thrown if code asks PHP for something that only the native server has.
 */
class NotInPhp extends LogicException
{
    public function __construct(string $what, string $instead = '')
    {
        parent::__construct(trim("The native Reverb server runs outside of PHP: {$what} is not possible here. {$instead}"));
    }
}
