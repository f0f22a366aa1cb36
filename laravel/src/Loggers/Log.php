<?php

namespace Laravel\Reverb\Loggers;

use Illuminate\Container\Container;
use Laravel\Reverb\Contracts\Logger;

/**
 * The bound logger, for whoever prefers to call it statically.
 *
 * @method static void info(string $title, ?string $message = null)
 * @method static void error(string $message)
 * @method static void message(string $message)
 * @method static void line(int $lines = 1)
 */
class Log
{
    public static function __callStatic(string $method, array $arguments): mixed
    {
        return Container::getInstance()->make(Logger::class)->{$method}(...$arguments);
    }
}
