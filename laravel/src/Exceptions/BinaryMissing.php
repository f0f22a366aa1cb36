<?php

namespace Laravel\Reverb\Exceptions;

use RuntimeException;

/**
 * The native server is not there, or cannot be built; the message says what to do.
 */
class BinaryMissing extends RuntimeException
{
    //
}
