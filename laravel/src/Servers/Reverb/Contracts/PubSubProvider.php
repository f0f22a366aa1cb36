<?php

namespace Laravel\Reverb\Servers\Reverb\Contracts;

interface PubSubProvider
{
    public function disconnect(): void;

    public function subscribe(): void;

    public function on(string $event, callable $callback): void;

    public function publish(array $payload): mixed;
}
