<?php

namespace Laravel\Reverb\Native;

use Illuminate\Broadcasting\Broadcasters\PusherBroadcaster;
use Illuminate\Broadcasting\BroadcastManager;
use Illuminate\Contracts\Broadcasting\Broadcaster;
use Illuminate\Contracts\Config\Repository;

/**
 * Lets an application boot whose connection "reverb" has no credentials.
 */
class Broadcasting
{
    protected const CREDENTIALS = ['key', 'secret', 'app_id'];

    public function __construct(protected Repository $config)
    {
        //
    }

    /**
     * If nothing is missing the framework's own driver stays.
     */
    public function prepare(BroadcastManager $manager): void
    {
        $connections = (array) $this->config->get('broadcasting.connections');

        foreach ($connections as $connection) {
            if (($connection['driver'] ?? null) === 'reverb' && ! $this->isConfigured($connection)) {
                $manager->extend('reverb', fn ($app, array $config) => $this->broadcaster($manager, $config));

                return;
            }
        }
    }

    /**
     * @param  array<string, mixed>  $config
     */
    protected function broadcaster(BroadcastManager $manager, array $config): Broadcaster
    {
        return $this->isConfigured($config)
            ? new PusherBroadcaster($manager->pusher($config))
            : new UnconfiguredBroadcaster;
    }

    /**
     * @param  array<string, mixed>  $connection
     */
    protected function isConfigured(array $connection): bool
    {
        foreach (self::CREDENTIALS as $name) {
            if (($connection[$name] ?? '') === '') {
                return false;
            }
        }

        return true;
    }
}
