<?php

namespace Laravel\Reverb\Exceptions;

use RuntimeException;

/**
 * A release could not be downloaded, or is not valid; the message says why.
 */
class DownloadFailed extends RuntimeException
{
    //
}
