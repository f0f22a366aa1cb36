<?php

namespace Laravel\Reverb;

use Laravel\Reverb\Contracts\Connection as Contract;
use Laravel\Reverb\Exceptions\NotInPhp;
use Laravel\Reverb\Native\Relay;

/**
 * A connection of the native server. Messages sent here are passed on to it.
 */
class Connection extends Contract
{
    public function __construct(
        protected string $id,
        Application $application,
        ?string $origin = null,
        ?int $lastSeenAt = null,
        bool $usesControlFrames = false,
        protected ?Relay $relay = null,
    ) {
        parent::__construct($application, $origin, $lastSeenAt, $usesControlFrames);
    }

    public function id(): string
    {
        return $this->id;
    }

    public function identifier(): string
    {
        return $this->id;
    }

    public function send(string $message): void
    {
        $this->relay('sending')->send($this->id, $message);
    }

    public function control(string $type = 'ping'): void
    {
        throw new NotInPhp('sending a control frame', 'The server pings its clients by itself.');
    }

    public function terminate(): void
    {
        $this->relay('disconnecting')->disconnect($this->id);
    }

    public function ping(): void
    {
        $this->send('{"event":"pusher:ping","data":"{}"}');

        parent::ping();
    }

    /**
     * For queued listeners: a queue worker cannot send anything.
     */
    public function __serialize(): array
    {
        return array_diff_key(get_object_vars($this), ['relay' => null]);
    }

    /**
     * @param  array<string, mixed>  $data
     */
    public function __unserialize(array $data): void
    {
        foreach ($data as $name => $value) {
            $this->{$name} = $value;
        }
    }

    protected function relay(string $what): Relay
    {
        return $this->relay ?? throw new NotInPhp(
            "{$what} over a connection", 'Only listeners in the process of reverb:start can.'
        );
    }
}
