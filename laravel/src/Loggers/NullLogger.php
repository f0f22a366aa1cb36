<?php

namespace Laravel\Reverb\Loggers;

use Laravel\Reverb\Contracts\Logger;

class NullLogger implements Logger
{
    public function info(string $title, ?string $message = null): void
    {
        //
    }

    public function error(string $message): void
    {
        //
    }

    public function message(string $message): void
    {
        //
    }

    public function line(int $lines = 1): void
    {
        //
    }
}
