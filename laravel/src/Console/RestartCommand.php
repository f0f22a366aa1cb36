<?php

namespace Laravel\Reverb\Console;

use Illuminate\Console\Command;
use Illuminate\Contracts\Config\Repository;
use Laravel\Reverb\Native\RestartSignal;
use Symfony\Component\Console\Attribute\AsCommand;

#[AsCommand(name: 'reverb:restart')]
class RestartCommand extends Command
{
    protected $signature = 'reverb:restart';

    protected $description = 'Restart the Reverb servers of the application';

    public function handle(RestartSignal $signal, Repository $config): int
    {
        $store = $config->get('cache.default');

        if ($config->get("cache.stores.{$store}.driver") === 'array') {
            $this->components->warn("The [{$store}] cache store is not shared between processes, so no server receives the signal.");
        }

        $signal->give();

        $this->components->info('Broadcasting Reverb restart signal.');

        return self::SUCCESS;
    }
}
