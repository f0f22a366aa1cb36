<?php

namespace Laravel\Reverb\Console;

use Illuminate\Console\Command;
use Illuminate\Contracts\Cache\Factory;
use Illuminate\Contracts\Config\Repository;
use Symfony\Component\Console\Attribute\AsCommand;

#[AsCommand(name: 'reverb:restart')]
class RestartCommand extends Command
{
    public const CACHE_KEY = 'laravel:reverb:restart';

    protected $signature = 'reverb:restart';

    protected $description = 'End the Reverb servers of this application gracefully, for their process manager to start them again';

    public function handle(Factory $cache, Repository $config): int
    {
        $store = $config->get('cache.default');

        if ($config->get("cache.stores.{$store}.driver") === 'array') {
            $this->components->warn('The cache store "array" is not shared between processes: no server will hear of it.');
        }

        // Two restarts within one second are two.
        $last = (int) $cache->store()->get(self::CACHE_KEY);
        $cache->store()->forever(self::CACHE_KEY, max(time(), $last + 1));

        $this->components->info('Told the Reverb servers to restart.');

        return self::SUCCESS;
    }
}
