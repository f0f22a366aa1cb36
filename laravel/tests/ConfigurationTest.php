<?php

namespace Laravel\Reverb\Tests;

use Illuminate\Config\Repository;
use Laravel\Reverb\ConfigApplicationProvider;
use Laravel\Reverb\Native\Configuration;

class ConfigurationTest extends TestCase
{
    protected function configuration(array $server): array
    {
        return $this->make($server)->toArray();
    }

    protected function make(array $server, array $options = []): Configuration
    {
        return new Configuration(
            new Repository(['reverb' => ['servers' => ['reverb' => $server]]]),
            new ConfigApplicationProvider(collect([['app_id' => 1, 'key' => 'k', 'secret' => 's', 'strict' => true]])),
            $options,
        );
    }

    public function test_the_command_line_beats_the_configuration(): void
    {
        $configuration = $this->make(['host' => 'a', 'port' => 1], ['port' => '2']);

        $this->assertSame(['--port=2'], $configuration->arguments());
        $this->assertSame('2', $configuration->server('port'));
        $this->assertSame('a', $configuration->server('host'));
    }

    public function test_apps_carry_what_the_native_server_has_besides(): void
    {
        $app = $this->configuration([])['apps']['apps'][0];

        $this->assertSame('1', $app['app_id']);
        $this->assertTrue($app['strict']);
        $this->assertSame(['enabled' => false], $app['rate_limiting']);
        $this->assertArrayNotHasKey('max_connections', $app);
    }

    public function test_the_address_that_browsers_know_is_handed_over(): void
    {
        $options = ['host' => 'ws.example.com', 'port' => 443, 'scheme' => 'https', 'useTLS' => true, 'curl' => ['x']];
        $apps = new ConfigApplicationProvider(collect([['app_id' => 1, 'key' => 'k', 'secret' => 's', 'options' => $options]]));
        $configuration = new Configuration(new Repository(['reverb' => []]), $apps);

        unset($options['curl']);
        $this->assertSame($options, $configuration->toArray()['apps']['apps'][0]['options']);
        $this->assertArrayNotHasKey('options', $this->configuration([])['apps']['apps'][0]);
    }

    public function test_the_provider_of_the_application_is_not_the_servers_concern(): void
    {
        $this->assertSame('config', $this->configuration([])['apps']['provider']);
    }
}
