<?php

namespace Laravel\Reverb\Servers\Reverb\Contracts;

interface PubSubProvider
{
    public function disconnect(): void;

    public function subscribe(): void;

    public function on(string $event, callable $callback): void;

    /**
     * @param  array<string, mixed>  $payload
     */
    public function publish(array $payload): mixed;
}
