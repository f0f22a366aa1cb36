<?php

namespace Laravel\Reverb\Protocols\Pusher\Channels;

use Illuminate\Support\Arr;
use Laravel\Reverb\Contracts\Connection;

/**
 * A connection in a channel, with the data that it subscribed with.
 *
 * @mixin Connection
 */
class ChannelConnection
{
    /**
     * @param  array<string, mixed>  $data
     */
    public function __construct(protected Connection $connection, protected array $data = [])
    {
        //
    }

    public function connection(): Connection
    {
        return $this->connection;
    }

    public function data(?string $key = null): mixed
    {
        return $key === null ? $this->data : Arr::get($this->data, $key);
    }

    public function send(string $message): void
    {
        $this->connection->send($message);
    }

    /**
     * @param  array<int, mixed>  $arguments
     */
    public function __call(string $method, array $arguments): mixed
    {
        return $this->connection->{$method}(...$arguments);
    }
}
