<?php

namespace Laravel\Reverb\Exceptions;

use RuntimeException;

class InvalidConfiguration extends RuntimeException
{
    //
}
