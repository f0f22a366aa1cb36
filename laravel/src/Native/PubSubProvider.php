<?php

namespace Laravel\Reverb\Native;

use Laravel\Reverb\Exceptions\NotInPhp;
use Laravel\Reverb\Servers\Reverb\Contracts\PubSubProvider as Contract;

/**
 * Nodes communicate from server to server, without PHP.
 */
class PubSubProvider implements Contract
{
    public function disconnect(): void
    {
        throw new NotInPhp('disconnecting from the other nodes');
    }

    public function subscribe(): void
    {
        throw new NotInPhp('subscribing to the other nodes');
    }

    public function on(string $event, callable $callback): void
    {
        throw new NotInPhp('listening to the other nodes');
    }

    /**
     * @param  array<string, mixed>  $payload
     */
    public function publish(array $payload): mixed
    {
        throw new NotInPhp('publishing to the other nodes', 'Broadcast an event instead.');
    }
}
