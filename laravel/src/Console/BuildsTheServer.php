<?php

namespace Laravel\Reverb\Console;

use Laravel\Reverb\Native\Binary;
use Laravel\Reverb\Native\Builder;

trait BuildsTheServer
{
    /**
     * The native server's path; it is built where there is none.
     */
    protected function binary(): string
    {
        return $this->laravel->make(Binary::class)->find() ?? $this->build();
    }

    protected function build(): string
    {
        $this->components->info('Building the native server, once.');

        $bar = null;
        $path = (new Builder(Binary::package()))->build(function (int $done, int $total) use (&$bar) {
            $bar ??= $this->output->createProgressBar($total);
            $bar->setProgress($done);
        });

        $bar?->finish();
        $this->output->newLine($bar ? 2 : 0);

        return $path;
    }
}
