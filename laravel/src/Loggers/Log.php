<?php

namespace Laravel\Reverb\Loggers;

use Illuminate\Support\Facades\Facade;
use Laravel\Reverb\Contracts\Logger;

/**
 * The bound logger, for static calls.
 *
 * @method static void info(string $title, ?string $message = null)
 * @method static void error(string $message)
 * @method static void message(string $message)
 * @method static void line(int $lines = 1)
 */
class Log extends Facade
{
    /** Another may be bound later. */
    protected static $cached = false;

    protected static function getFacadeAccessor(): string
    {
        return Logger::class;
    }
}
