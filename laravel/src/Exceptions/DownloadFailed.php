<?php

namespace Laravel\Reverb\Exceptions;

use RuntimeException;

/**
 * A release could not be brought, or is not what it should be; the message says why.
 */
class DownloadFailed extends RuntimeException
{
    //
}
