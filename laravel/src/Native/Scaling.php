<?php

namespace Laravel\Reverb\Native;

use Illuminate\Contracts\Config\Repository;
use Laravel\Reverb\Exceptions\InvalidConfiguration;

/**
 * Which Redis the nodes meet at, and under which names there: what config/reverb.php leaves to the
 * application's own Redis connections is looked up here, as only Laravel knows them.
 */
class Scaling
{
    /** What the native server understands; the rest is for PHP's clients of Redis. */
    protected const SERVER = ['url', 'scheme', 'host', 'port', 'username', 'password', 'database', 'timeout'];

    public function __construct(protected Repository $config)
    {
        //
    }

    /**
     * Where scaling is off it stays as it is: its Redis need not be there.
     */
    public function resolve(array $scaling): array
    {
        if (! filter_var($scaling['enabled'] ?? false, FILTER_VALIDATE_BOOL)) {
            return $scaling;
        }

        $server = $this->server($scaling['server'] ?? null);

        return [
            ...$scaling,
            'prefix' => (string) ($scaling['prefix'] ?? $this->prefix($server)),
            'server' => array_intersect_key($server, array_flip(self::SERVER)),
        ];
    }

    /**
     * Settings of its own, a URL, or the name of a connection of config/database.php: "default" where
     * nothing is said.
     */
    protected function server(mixed $server): array
    {
        if (is_string($server) && str_contains($server, '://')) {
            return ['url' => $server];
        }

        if (is_array($server) && $server !== []) {
            return $server;
        }

        $name = is_string($server) && $server !== '' ? $server : 'default';
        $connection = $this->config->get("database.redis.{$name}");

        if (is_array($connection) && (($connection['host'] ?? null) || ($connection['url'] ?? null))) {
            return $connection;
        }

        throw new InvalidConfiguration(
            "Scaling needs a single Redis server, and database.redis.{$name} is none: clusters and sentinels are not supported. ".
            'Say where it is in servers.reverb.scaling.server of config/reverb.php.'
        );
    }

    /**
     * What Laravel itself puts before every name on that connection.
     */
    protected function prefix(array $server): mixed
    {
        return $server['prefix']
            ?? $server['options']['prefix']
            ?? $this->config->get('database.redis.options.prefix')
            ?? '';
    }
}
