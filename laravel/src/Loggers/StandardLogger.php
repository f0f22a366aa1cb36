<?php

namespace Laravel\Reverb\Loggers;

use Laravel\Reverb\Contracts\Logger;

/**
 * Plain lines on standard output.
 */
class StandardLogger implements Logger
{
    public function info(string $title, ?string $message = null): void
    {
        $this->write($message === null ? $title : "{$title}: {$message}");
    }

    public function error(string $message): void
    {
        $this->write("[error] {$message}");
    }

    public function message(string $message): void
    {
        $this->write($message);
    }

    public function line(int $lines = 1): void
    {
        for ($i = 0; $i < $lines; $i++) {
            $this->write('');
        }
    }

    protected function write(string $text): void
    {
        fwrite(STDOUT, $text.PHP_EOL);
    }
}
