<?php

namespace Laravel\Reverb;

use Illuminate\Support\Arr;
use Illuminate\Support\Collection;
use Laravel\Reverb\Contracts\ApplicationProvider;
use Laravel\Reverb\Exceptions\InvalidApplication;

/**
 * The apps of config/reverb.php. A file that an older version has published lacks keys that came
 * later: each then means what it meant before it came.
 */
class ConfigApplicationProvider implements ApplicationProvider
{
    protected const KNOWN = [
        'app_id', 'key', 'secret', 'ping_interval', 'activity_timeout', 'allowed_origins',
        'max_message_size', 'max_connections', 'accept_client_events_from', 'rate_limiting', 'options',
    ];

    /**
     * @param  Collection<array-key, array<string, mixed>>  $applications
     */
    public function __construct(protected Collection $applications)
    {
        //
    }

    /**
     * @return Collection<int, Application>
     */
    public function all(): Collection
    {
        return $this->applications->values()->map(fn (array $app) => $this->make($app));
    }

    public function findById(string $id): Application
    {
        return $this->find('app_id', $id);
    }

    public function findByKey(string $key): Application
    {
        return $this->find('key', $key);
    }

    /**
     * The first app whose setting `$key` is `$value`.
     *
     * @throws InvalidApplication
     */
    public function find(string $key, mixed $value): Application
    {
        $app = $this->applications->first(
            fn (array $app) => isset($app[$key]) && (string) $app[$key] === (string) $value
        );

        return $app !== null ? $this->make($app) : throw new InvalidApplication;
    }

    /**
     * @param  array<string, mixed>  $app
     */
    protected function make(array $app): Application
    {
        $maxConnections = $app['max_connections'] ?? null;

        return new Application(
            id: (string) ($app['app_id'] ?? ''),
            key: (string) ($app['key'] ?? ''),
            secret: (string) ($app['secret'] ?? ''),
            pingInterval: (int) ($app['ping_interval'] ?? 60),
            activityTimeout: (int) ($app['activity_timeout'] ?? 30),
            allowedOrigins: array_values(Arr::wrap($app['allowed_origins'] ?? ['*'])),
            maxMessageSize: (int) ($app['max_message_size'] ?? 10_000),
            maxConnections: $maxConnections === null || $maxConnections === '' ? null : (int) $maxConnections,
            acceptClientEventsFrom: ($app['accept_client_events_from'] ?? null) ?: 'all',
            rateLimiting: $app['rate_limiting'] ?? null,
            options: $app['options'] ?? [],
            extras: Arr::except($app, self::KNOWN),
        );
    }
}
