<?php

namespace Laravel\Reverb\Tests;

use Illuminate\Config\Repository;
use Laravel\Reverb\ConfigApplicationProvider;
use Laravel\Reverb\Exceptions\InvalidConfiguration;
use Laravel\Reverb\Native\Configuration;

class ScalingTest extends TestCase
{
    protected const SERVER = [
        'url' => null, 'scheme' => 'tls', 'host' => 'redis.test', 'port' => '6380',
        'username' => 'u', 'password' => 'p', 'database' => '2', 'timeout' => 5,
    ];

    protected function scaling(array $scaling, array $redis = []): array
    {
        return (new Configuration(
            new Repository(['reverb' => ['servers' => ['reverb' => compact('scaling')]], 'database' => compact('redis')]),
            new ConfigApplicationProvider(collect()),
        ))->toArray()['servers']['reverb']['scaling'];
    }

    public function test_where_it_is_off_nothing_is_asked_of_redis(): void
    {
        foreach ([false, 'false', null, '0'] as $off) {
            $scaling = ['enabled' => $off, 'channel' => 'reverb', 'server' => []];

            $this->assertSame($scaling, $this->scaling($scaling));
        }
    }

    public function test_settings_of_its_own_are_handed_over_unchanged(): void
    {
        $scaling = ['enabled' => true, 'channel' => 'mine', 'server' => self::SERVER];

        $this->assertSame(
            ['enabled' => true, 'channel' => 'mine', 'server' => self::SERVER, 'prefix' => ''],
            $this->scaling($scaling, ['default' => ['host' => 'another']]),
        );
    }

    public function test_without_settings_laravels_default_connection_is_taken(): void
    {
        $connection = [...self::SERVER, 'context' => ['stream' => ['cafile' => '/ca.pem']], 'retry_interval' => 1];

        foreach ([[], null, '', 'default'] as $server) {
            $this->assertSame($connection, $this->scaling(['enabled' => '1', 'server' => $server], ['default' => $connection])['server']);
        }

        $this->assertSame($connection, $this->scaling(['enabled' => true], ['default' => $connection])['server']);
    }

    public function test_a_connection_may_be_named_and_a_url_given(): void
    {
        $redis = ['sockets' => ['url' => 'rediss://a:b@there:6380/3'], 'default' => ['host' => 'another']];

        $this->assertSame(['url' => 'rediss://a:b@there:6380/3'], $this->scaling(['enabled' => true, 'server' => 'sockets'], $redis)['server']);
        $this->assertSame(['url' => 'redis://here'], $this->scaling(['enabled' => true, 'server' => 'redis://here'], $redis)['server']);
    }

    public function test_the_prefix_is_the_one_that_laravel_would_use(): void
    {
        $options = ['options' => ['cluster' => 'redis', 'prefix' => 'shop-database-']];
        $prefix = fn (array $server, array $scaling = []) => $this->scaling(
            ['enabled' => true, 'server' => [...self::SERVER, ...$server], ...$scaling], $options,
        )['prefix'];

        $this->assertSame('shop-database-', $prefix([]));
        $this->assertSame('of-the-connection-', $prefix(['options' => ['prefix' => 'of-the-connection-']]));
        $this->assertSame('its-own-', $prefix(['prefix' => 'its-own-', 'options' => ['prefix' => 'of-the-connection-']]));
        $this->assertSame('', $prefix([], ['prefix' => '']));
        $this->assertSame('', $this->scaling(['enabled' => true, 'server' => self::SERVER])['prefix']);
    }

    public function test_a_prefix_of_the_environment_is_not_in_the_way(): void
    {
        putenv('REVERB_SCALING_PREFIX=of-the-environment-');

        try {
            $this->assertArrayNotHasKey('prefix', $this->scaling(['enabled' => true, 'server' => self::SERVER]));
        } finally {
            putenv('REVERB_SCALING_PREFIX');
        }
    }

    public function test_a_cluster_of_laravels_is_a_list_of_hosts(): void
    {
        $redis = ['clusters' => ['default' => [
            ['host' => 'a', 'port' => 7001, 'password' => 'p'], ['url' => 'tcp://b:7002'], 'tcp://c',
        ]]];

        $this->assertSame(
            ['password' => 'p', 'hosts' => ['a:7001', 'b:7002', 'c:6379'], 'cluster' => true],
            $this->scaling(['enabled' => true], $redis)['server'],
        );
    }

    public function test_sentinels_as_predis_has_them_are_understood(): void
    {
        $options = ['replication' => 'sentinel', 'service' => 'main', 'prefix' => 'x-', 'parameters' => ['password' => 'p', 'database' => 1]];
        $scaling = $this->scaling(['enabled' => true], ['default' => ['tcp://a:26379', 'tcp://b:26379', 'options' => $options]]);

        $this->assertSame(
            ['password' => 'p', 'database' => 1, 'hosts' => ['a:26379', 'b:26379'], 'sentinel' => 'main', 'options' => $options],
            $scaling['server'],
        );
        $this->assertSame('x-', $scaling['prefix']);
    }

    public function test_what_is_no_redis_is_named(): void
    {
        $this->expectException(InvalidConfiguration::class);
        $this->expectExceptionMessage('database.redis.sockets');

        $this->scaling(['enabled' => true, 'server' => 'sockets'], ['default' => self::SERVER]);
    }
}
