<?php

namespace Laravel\Reverb\Console;

use Illuminate\Console\Events\CommandFinished;
use Illuminate\Console\Events\CommandStarting;
use Illuminate\Contracts\Console\Kernel;
use Illuminate\Contracts\Foundation\Application;
use Symfony\Component\Console\Input\InputInterface;

/**
 * `install:broadcasting` leaves the rest to a package it has just fetched, and not to one that is
 * there already: this does the rest. The credentials come first, as the command may be
 * interrupted, or npm may fail, once it has chosen Reverb.
 */
class CompleteBroadcastingInstall
{
    /** What was written at the start; removed again if another driver is chosen. */
    protected string $added = '';

    public function __construct(
        protected Application $app,
        protected Kernel $artisan,
        protected Environment $environment,
    ) {
        //
    }

    public function start(CommandStarting $event): void
    {
        if ($event->command === 'install:broadcasting' && ! $this->isForAnother($event->input)) {
            $this->added = $this->environment->addMissing();
        }
    }

    public function finish(CommandFinished $event): void
    {
        if ($event->command !== 'install:broadcasting' || $event->exitCode !== 0) {
            return;
        }

        if ($this->isReverbChosen($event->input)) {
            $this->artisan->call('reverb:install', ['--no-interaction' => true], $event->output);
        } else {
            $this->environment->remove($this->added);
        }
    }

    protected function isForAnother(InputInterface $input): bool
    {
        return $input->hasParameterOption(['--without-reverb', '--pusher', '--ably', '--help', '-h'], true);
    }

    /**
     * Before Laravel 12 it does not ask for a driver: it offers Reverb.
     */
    protected function isReverbChosen(InputInterface $input): bool
    {
        return ! $this->isForAnother($input)
            && ($this->environment->isDriver() || version_compare($this->app->version(), '12.0', '<'));
    }
}
