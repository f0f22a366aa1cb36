<?php

namespace Laravel\Reverb\Loggers;

use Illuminate\Console\OutputStyle;
use Illuminate\Console\View\Components\Factory;
use Laravel\Reverb\Contracts\Logger;
use Symfony\Component\Console\Formatter\OutputFormatter;

/**
 * Lines in artisan's style.
 */
class CliLogger implements Logger
{
    protected Factory $components;

    public function __construct(protected OutputStyle $output)
    {
        $this->components = new Factory($output);
    }

    public function info(string $title, ?string $message = null): void
    {
        $this->components->twoColumnDetail('<fg=green>'.OutputFormatter::escape($title).'</>', $message);
    }

    public function error(string $message): void
    {
        $this->components->error(OutputFormatter::escape($message));
    }

    public function message(string $message): void
    {
        $decoded = json_decode($message, true);
        $pretty = $decoded === null ? $message : json_encode($decoded, JSON_THROW_ON_ERROR | JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);

        foreach (explode("\n", mb_strimwidth($pretty, 0, 200, '…')) as $number => $line) {
            $this->output->writeln(sprintf('    <fg=gray>%2d▕</> %s', $number + 1, OutputFormatter::escape($line)));
        }
    }

    public function line(int $lines = 1): void
    {
        $this->output->newLine($lines);
    }
}
