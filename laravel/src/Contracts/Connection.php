<?php

namespace Laravel\Reverb\Contracts;

use Laravel\Reverb\Application;

/**
 * A client's connection, as an event's listener sees it.
 */
abstract class Connection
{
    protected bool $hasBeenPinged = false;

    public function __construct(
        protected Application $application,
        protected ?string $origin = null,
        protected ?int $lastSeenAt = null,
        protected bool $usesControlFrames = false,
    ) {
        //
    }

    /**
     * The socket id.
     */
    abstract public function id(): string;

    /**
     * Tells connections apart within the process.
     */
    abstract public function identifier(): string;

    abstract public function send(string $message): void;

    /**
     * Sends a control frame.
     */
    abstract public function control(string $type = 'ping'): void;

    abstract public function terminate(): void;

    public function app(): Application
    {
        return $this->application;
    }

    public function origin(): ?string
    {
        return $this->origin;
    }

    /**
     * Unix time of the client's last message.
     */
    public function lastSeenAt(): ?int
    {
        return $this->lastSeenAt;
    }

    public function setLastSeenAt(int $time): static
    {
        $this->lastSeenAt = $time;

        return $this;
    }

    public function touch(): static
    {
        $this->hasBeenPinged = false;

        return $this->setLastSeenAt(time());
    }

    public function ping(): void
    {
        $this->hasBeenPinged = true;
    }

    public function pong(): void
    {
        $this->hasBeenPinged = false;
    }

    public function disconnect(): void
    {
        $this->terminate();
    }

    public function isActive(): bool
    {
        return $this->lastSeenAt !== null && time() < $this->lastSeenAt + $this->application->pingInterval();
    }

    public function isInactive(): bool
    {
        return ! $this->isActive();
    }

    public function isStale(): bool
    {
        return $this->isInactive() && $this->hasBeenPinged;
    }

    public function usesControlFrames(): bool
    {
        return $this->usesControlFrames;
    }

    public function setUsesControlFrames(bool $usesControlFrames = true): static
    {
        $this->usesControlFrames = $usesControlFrames;

        return $this;
    }
}
