<?php

namespace Laravel\Reverb\Native;

use Illuminate\Console\OutputStyle;
use Illuminate\Console\View\Components\Factory;
use Symfony\Component\Console\Formatter\OutputFormatter;

/**
 * The native server's lines in artisan's style.
 */
class Output
{
    public function __construct(protected OutputStyle $output, protected Factory $components)
    {
        //
    }

    public function write(int $stream, string $line): void
    {
        $stream === Process::ERRORS ? $this->problem($line) : $this->progress($line);
    }

    protected function progress(string $line): void
    {
        if (preg_match('/^(Starting (secure )?server on |Gracefully )/', $line)) {
            $this->components->info(OutputFormatter::escape($line));
        } elseif (preg_match('/^  (\S.*?) \.{3,} (.*)$/', $line, $match)) {
            $this->components->twoColumnDetail('<fg=green>'.OutputFormatter::escape($match[1]).'</>', OutputFormatter::escape($match[2]));
        } elseif (preg_match('/^(\s+\d+▕)(.*)$/u', $line, $match)) {
            $this->output->writeln("<fg=gray>{$match[1]}</>".OutputFormatter::escape($match[2]));
        } else {
            $this->output->writeln(OutputFormatter::escape($line));
        }
    }

    protected function problem(string $line): void
    {
        if (preg_match('/^reverb: (?:warning: )?(.*)$/', $line, $match)) {
            $this->components->error(OutputFormatter::escape($match[1]));
        } elseif (preg_match('/^\d\S+Z (error|warn|info)\s+(.*)$/', $line, $match)) {
            $this->components->{$match[1]}(OutputFormatter::escape($match[2]));
        } else {
            $this->output->getErrorStyle()->writeln(OutputFormatter::escape($line));
        }
    }
}
