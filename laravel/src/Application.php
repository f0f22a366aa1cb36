<?php

namespace Laravel\Reverb;

class Application
{
    /**
     * @param  array<int, string>  $allowedOrigins
     * @param  array{enabled?: bool, max_attempts?: int, decay_seconds?: int, terminate_on_limit?: bool}|null  $rateLimiting
     * @param  array<string, mixed>  $options  how Laravel itself reaches the server
     * @param  array<string, mixed>  $extras  settings of the native server that have no name here
     */
    public function __construct(
        protected string $id,
        protected string $key,
        protected string $secret,
        protected int $pingInterval,
        protected int $activityTimeout,
        protected array $allowedOrigins,
        protected int $maxMessageSize,
        protected ?int $maxConnections = null,
        protected string $acceptClientEventsFrom = 'members',
        protected ?array $rateLimiting = null,
        protected array $options = [],
        protected array $extras = [],
    ) {
        //
    }

    public function id(): string
    {
        return $this->id;
    }

    public function key(): string
    {
        return $this->key;
    }

    public function secret(): string
    {
        return $this->secret;
    }

    /**
     * Seconds of silence after which a client is pinged.
     */
    public function pingInterval(): int
    {
        return $this->pingInterval;
    }

    /**
     * Seconds that clients are told to wait before they ping.
     */
    public function activityTimeout(): int
    {
        return $this->activityTimeout;
    }

    /**
     * @return array<int, string>
     */
    public function allowedOrigins(): array
    {
        return $this->allowedOrigins;
    }

    public function maxMessageSize(): int
    {
        return $this->maxMessageSize;
    }

    public function maxConnections(): ?int
    {
        return $this->maxConnections;
    }

    public function hasMaxConnectionLimit(): bool
    {
        return $this->maxConnections !== null;
    }

    /**
     * "all", "members" or "none".
     */
    public function acceptClientEventsFrom(): string
    {
        return $this->acceptClientEventsFrom;
    }

    /**
     * @return array{enabled?: bool, max_attempts?: int, decay_seconds?: int, terminate_on_limit?: bool}|null
     */
    public function rateLimiting(): ?array
    {
        return $this->rateLimiting;
    }

    public function usesRateLimiting(): bool
    {
        return ($this->rateLimiting['enabled'] ?? false) === true;
    }

    /**
     * @return array<string, mixed>
     */
    public function options(): array
    {
        return $this->options;
    }

    /**
     * @return array<string, mixed>
     */
    public function extras(): array
    {
        return $this->extras;
    }

    /**
     * The shape of an entry of `apps.apps`, as far as the Pusher SDK and its callers need it.
     *
     * @return array<string, mixed>
     */
    public function toArray(): array
    {
        return [
            'app_id' => $this->id,
            'key' => $this->key,
            'secret' => $this->secret,
            'ping_interval' => $this->pingInterval,
            'activity_timeout' => $this->activityTimeout,
            'allowed_origins' => $this->allowedOrigins,
            'max_message_size' => $this->maxMessageSize,
            'options' => $this->options,
        ];
    }
}
