<?php

namespace Laravel\Reverb\Native;

/**
 * Sends commands to the running server.
 */
interface Relay
{
    public function send(string $socketId, string $message): void;

    public function disconnect(string $socketId): void;
}
