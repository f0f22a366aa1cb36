<?php

namespace Laravel\Reverb\Tests;

use Laravel\Reverb\ConfigApplicationProvider;
use Laravel\Reverb\Exceptions\InvalidApplication;

class ConfigApplicationProviderTest extends TestCase
{
    protected function provider(array ...$apps): ConfigApplicationProvider
    {
        return new ConfigApplicationProvider(collect($apps));
    }

    public function test_apps_are_found_by_id_and_key(): void
    {
        $provider = $this->provider(
            ['app_id' => 1, 'key' => 'one', 'secret' => 'a'],
            ['app_id' => '2', 'key' => 'two', 'secret' => 'b'],
        );

        $this->assertSame('one', $provider->findById('1')->key());
        $this->assertSame('2', $provider->findByKey('two')->id());
        $this->assertSame(['1', '2'], $provider->all()->map->id()->all());
    }

    public function test_one_that_is_not_there_is_an_exception(): void
    {
        $this->expectException(InvalidApplication::class);

        $this->provider(['app_id' => '1', 'key' => 'one', 'secret' => 'a'])->findById('2');
    }

    public function test_a_key_that_is_missing_means_what_it_meant_before_it_came(): void
    {
        $app = $this->provider(['app_id' => '1', 'key' => 'one', 'secret' => 'a'])->findById('1');

        $this->assertSame([60, 30, ['*'], 10_000], [
            $app->pingInterval(), $app->activityTimeout(), $app->allowedOrigins(), $app->maxMessageSize(),
        ]);
        $this->assertSame('all', $app->acceptClientEventsFrom());
        $this->assertFalse($app->hasMaxConnectionLimit());
        $this->assertFalse($app->usesRateLimiting());
    }

    public function test_numbers_may_be_texts_as_the_environment_has_them(): void
    {
        $app = $this->provider([
            'app_id' => '1', 'key' => 'one', 'secret' => 'a', 'ping_interval' => '7', 'max_connections' => '3',
        ])->findById('1');

        $this->assertSame(7, $app->pingInterval());
        $this->assertSame(3, $app->maxConnections());
    }

    public function test_rates_are_limited_only_where_enabled_is_exactly_true(): void
    {
        foreach ([[true, true], ['true', false], [1, false], [null, false]] as [$enabled, $expected]) {
            $app = $this->provider([
                'app_id' => '1', 'key' => 'one', 'secret' => 'a', 'rate_limiting' => ['enabled' => $enabled],
            ])->findById('1');

            $this->assertSame($expected, $app->usesRateLimiting());
        }
    }

    public function test_its_array_is_what_the_pusher_sdk_takes(): void
    {
        $app = $this->provider(['app_id' => '1', 'key' => 'one', 'secret' => 'a', 'options' => ['port' => 1]])->findById('1');

        $this->assertSame(
            ['app_id', 'key', 'secret', 'ping_interval', 'activity_timeout', 'allowed_origins', 'max_message_size', 'options'],
            array_keys($app->toArray()),
        );
        $this->assertSame(['port' => 1], $app->toArray()['options']);
    }
}
