<?php

namespace Laravel\Reverb\Protocols\Pusher\Channels;

use Laravel\Reverb\Contracts\Connection;
use Laravel\Reverb\Exceptions\NotInPhp;

/**
 * A channel by its name. Only the native server knows its subscribers: ask its HTTP API.
 */
class Channel
{
    public function __construct(protected string $name)
    {
        //
    }

    public function name(): string
    {
        return $this->name;
    }

    /**
     * @return array<string, ChannelConnection> by socket id
     */
    public function connections(): array
    {
        throw new NotInPhp('listing the connections of a channel', 'Ask the HTTP API, Broadcast::getPusher()->getChannelInfo().');
    }

    public function find(Connection $connection): ?ChannelConnection
    {
        return $this->findById($connection->id());
    }

    public function findById(string $id): ?ChannelConnection
    {
        throw new NotInPhp('looking for a connection in a channel');
    }

    public function subscribe(Connection $connection, ?string $auth = null, ?string $data = null): void
    {
        throw new NotInPhp('subscribing a connection', 'The client subscribes.');
    }

    public function unsubscribe(Connection $connection): void
    {
        throw new NotInPhp('unsubscribing a connection', 'The client unsubscribes; $connection->disconnect() ends it.');
    }

    public function subscribed(Connection $connection): bool
    {
        return $this->find($connection) !== null;
    }

    /**
     * @param  array<string, mixed>  $payload
     */
    public function broadcast(array $payload, ?Connection $except = null): void
    {
        throw new NotInPhp('broadcasting over a channel object', 'Broadcast an event.');
    }

    /**
     * @param  array<string, mixed>  $payload
     */
    public function broadcastToAll(array $payload): void
    {
        $this->broadcast($payload);
    }

    /**
     * @param  array<string, mixed>  $payload
     */
    public function broadcastInternally(array $payload, ?Connection $except = null): void
    {
        $this->broadcast($payload, $except);
    }

    /**
     * @return array<string, mixed>
     */
    public function data(): array
    {
        return [];
    }
}
