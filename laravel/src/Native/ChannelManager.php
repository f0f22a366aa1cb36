<?php

namespace Laravel\Reverb\Native;

use Laravel\Reverb\Application;
use Laravel\Reverb\Contracts\Connection;
use Laravel\Reverb\Exceptions\NotInPhp;
use Laravel\Reverb\Protocols\Pusher\Channels\Channel;
use Laravel\Reverb\Protocols\Pusher\Channels\ChannelBroker;
use Laravel\Reverb\Protocols\Pusher\Channels\ChannelConnection;
use Laravel\Reverb\Protocols\Pusher\Contracts\ChannelManager as Contract;

/**
 * Replaces the channels that PHP had: its exceptions name the alternative.
 */
class ChannelManager implements Contract
{
    protected ?Application $application = null;

    public function app(): ?Application
    {
        return $this->application;
    }

    public function for(Application $application): Contract
    {
        $manager = clone $this;
        $manager->application = $application;

        return $manager;
    }

    public function all(): array
    {
        throw $this->elsewhere('listing channels');
    }

    public function exists(string $channel): bool
    {
        throw $this->elsewhere('looking for a channel');
    }

    public function find(string $channel): ?Channel
    {
        throw $this->elsewhere('looking for a channel');
    }

    public function findOrCreate(string $channel): Channel
    {
        return ChannelBroker::create($channel);
    }

    public function connections(?string $channel = null): array
    {
        throw $this->elsewhere('listing connections');
    }

    public function findConnection(string $socketId): ?ChannelConnection
    {
        throw $this->elsewhere('looking for a connection');
    }

    public function unsubscribeFromAll(Connection $connection): void
    {
        throw $this->elsewhere('unsubscribing a connection');
    }

    public function remove(Channel $channel): void
    {
        throw $this->elsewhere('removing a channel');
    }

    public function flush(): void
    {
        throw $this->elsewhere('removing channels');
    }

    protected function elsewhere(string $what): NotInPhp
    {
        return new NotInPhp($what, 'The HTTP API has channels and connections: Broadcast::getPusher()->getChannels().');
    }
}
