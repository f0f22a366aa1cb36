<?php

namespace Laravel\Reverb\Native;

use Illuminate\Contracts\Config\Repository;
use Illuminate\Support\Arr;
use Laravel\Reverb\Exceptions\InvalidConfiguration;

/**
 * The Redis of the nodes, and the prefix of their keys there: if config/reverb.php refers to the
 * application's own Redis connections, they are looked up here, as only Laravel knows them.
 */
class Scaling
{
    public function __construct(protected Repository $config)
    {
        //
    }

    /**
     * If scaling is off it stays as it is: its Redis need not exist.
     *
     * @param  array<string, mixed>  $scaling
     * @return array<string, mixed>
     */
    public function resolve(array $scaling): array
    {
        if (! filter_var($scaling['enabled'] ?? false, FILTER_VALIDATE_BOOL)) {
            return $scaling;
        }

        $scaling['server'] = $this->server($scaling['server'] ?? null);

        // The native server reads the environment.
        if (! isset($scaling['prefix']) && getenv('REVERB_SCALING_PREFIX') === false) {
            $scaling['prefix'] = (string) $this->prefix($scaling['server']);
        }

        return $scaling;
    }

    /**
     * Settings of its own, a URL, or the name of a connection of config/database.php: "default" if
     * none is given.
     *
     * @return array<string, mixed>
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

        return $this->connection($name)
            ?? $this->cluster($name)
            ?? throw new InvalidConfiguration(
                "Scaling needs a Redis, and database.redis.{$name} is none that is understood. ".
                'Say where it is in servers.reverb.scaling.server of config/reverb.php.'
            );
    }

    /**
     * One server, or Sentinels as Predis has them: nodes, and their kind in the options.
     *
     * @return array<string, mixed>|null
     */
    protected function connection(string $name): ?array
    {
        $connection = Arr::wrap($this->config->get("database.redis.{$name}"));
        $options = $connection['options'] ?? [];

        if (($connection['host'] ?? null) || ($connection['url'] ?? null)) {
            return $connection;
        }

        return ($options['replication'] ?? null) === 'sentinel' ? [
            ...Arr::only($options['parameters'] ?? [], ['username', 'password', 'database']),
            'hosts' => $this->hosts($connection),
            'sentinel' => $options['service'] ?? 'mymaster',
            'options' => $options,
        ] : null;
    }

    /**
     * @return array<string, mixed>|null
     */
    protected function cluster(string $name): ?array
    {
        $nodes = Arr::wrap($this->config->get("database.redis.clusters.{$name}"));

        return $this->hosts($nodes) === [] ? null : [
            ...Arr::only(is_array(Arr::first($nodes)) ? Arr::first($nodes) : [], ['scheme', 'username', 'password', 'timeout', 'context']),
            'hosts' => $this->hosts($nodes),
            'cluster' => true,
        ];
    }

    /**
     * @param  array<array-key, mixed>  $nodes
     * @return array<int, string>  host and port of each node, which are URLs or settings
     */
    protected function hosts(array $nodes): array
    {
        return collect($nodes)
            ->filter(fn ($node, $key) => is_int($key))
            ->map(function ($node) {
                $url = is_array($node) ? $node['url'] ?? null : $node;

                return $url === null ? $node : parse_url($url);
            })
            ->filter(fn ($node) => isset($node['host']))
            ->map(fn (array $node) => "{$node['host']}:".($node['port'] ?? 6379))
            ->values()
            ->all();
    }

    /**
     * The prefix that Laravel puts before every name on that connection.
     *
     * @param  array<string, mixed>  $server
     */
    protected function prefix(array $server): mixed
    {
        return $server['prefix']
            ?? $server['options']['prefix']
            ?? $this->config->get('database.redis.options.prefix')
            ?? '';
    }
}
