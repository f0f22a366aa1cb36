<?php

namespace Laravel\Reverb\Console;

use Illuminate\Console\Events\CommandFinished;
use Illuminate\Contracts\Console\Kernel;
use Illuminate\Contracts\Foundation\Application;

/**
 * `install:broadcasting` leaves the rest to a package it has just fetched, and not to one that is
 * there already: what is left is done here.
 */
class FinishBroadcastingInstall
{
    public function __construct(protected Application $app, protected Kernel $artisan)
    {
        //
    }

    public function handle(CommandFinished $event): void
    {
        if ($event->command !== 'install:broadcasting' || $event->exitCode !== 0 || ! $this->isReverbChosen($event)) {
            return;
        }

        $this->artisan->call('reverb:install', ['--no-interaction' => true], $event->output);
    }

    /**
     * Before Laravel 12 it does not ask for a driver: Reverb is what it offers.
     */
    protected function isReverbChosen(CommandFinished $event): bool
    {
        if ($event->input->hasParameterOption('--without-reverb', true)) {
            return false;
        }

        $env = @file_get_contents($this->app->environmentFilePath()) ?: '';

        return preg_match('/^BROADCAST_CONNECTION=["\']?reverb\b/m', $env) === 1
            || version_compare($this->app->version(), '12.0', '<');
    }
}
