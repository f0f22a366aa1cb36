<?php

namespace Laravel\Reverb\Native;

use Illuminate\Contracts\Config\Repository;
use Laravel\Reverb\Application;
use Laravel\Reverb\Contracts\ApplicationProvider;

/**
 * Laravel's configuration and the apps of its application provider, in the form that the native
 * server reads.
 */
class Configuration
{
    /**
     * @param  array{host?: string, port?: string, path?: string, hostname?: string}  $options  of the command line
     */
    public function __construct(
        protected Repository $config,
        protected ApplicationProvider $apps,
        protected array $options = [],
    ) {
        //
    }

    /**
     * A setting of the server, from whichever source.
     */
    public function server(string $key, mixed $default = null): mixed
    {
        return $this->options[$key] ?? $this->config->get("reverb.servers.reverb.{$key}") ?? $default;
    }

    /**
     * @return array<string, mixed>
     */
    public function toArray(): array
    {
        $server = $this->config->get('reverb.servers.reverb') ?? [];

        if (is_array($server['scaling'] ?? null)) {
            $server['scaling'] = (new Scaling($this->config))->resolve($server['scaling']);
        }

        return [
            'default' => 'reverb',
            'servers' => ['reverb' => $server],
            'apps' => [
                'provider' => 'config',
                'apps' => $this->apps->all()->values()->map($this->app(...))->all(),
            ],
        ];
    }

    /**
     * Options of the command line are passed as the server's own options, so that a mistake is reported there.
     *
     * @return array<int, string>
     */
    public function arguments(): array
    {
        return collect($this->options)->map(fn (string $value, string $name) => "--{$name}={$value}")->values()->all();
    }

    public function toJson(): string
    {
        return json_encode($this->toArray(), JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    }

    /**
     * @return array<string, mixed>
     */
    protected function app(Application $app): array
    {
        return array_filter([
            ...$app->extras(),
            'app_id' => $app->id(),
            'key' => $app->key(),
            'secret' => $app->secret(),
            'allowed_origins' => $app->allowedOrigins(),
            'ping_interval' => $app->pingInterval(),
            'activity_timeout' => $app->activityTimeout(),
            'max_message_size' => $app->maxMessageSize(),
            'max_connections' => $app->maxConnections(),
            'accept_client_events_from' => $app->acceptClientEventsFrom(),
            'rate_limiting' => [...($app->rateLimiting() ?? []), 'enabled' => $app->usesRateLimiting()],
            'options' => $this->publicAddress($app),
        ], fn ($value) => $value !== null);
    }

    /**
     * Where browsers and Laravel reach the server: behind a proxy another address than it listens on.
     *
     * @return array<string, mixed>|null
     */
    protected function publicAddress(Application $app): ?array
    {
        $address = array_intersect_key($app->options(), array_flip(['host', 'port', 'scheme', 'useTLS']));

        return array_filter($address, fn ($value) => $value !== null) ?: null;
    }
}
