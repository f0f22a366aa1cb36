<?php

namespace Laravel\Reverb\Tests;

use Laravel\Reverb\Certificate;

class CertificateTest extends TestCase
{
    protected string $home;

    protected string|false $formerHome;

    protected function setUp(): void
    {
        parent::setUp();

        $this->formerHome = getenv('HOME');
        $this->home = $this->folder();
        putenv("HOME={$this->home}");
    }

    protected function tearDown(): void
    {
        putenv("HOME={$this->formerHome}");

        parent::tearDown();
    }

    protected function put(string $folder, string $host): void
    {
        if (! is_dir($folder)) {
            mkdir($folder, 0700, true);
        }

        touch("{$folder}{$host}.crt");
        touch("{$folder}{$host}.key");
    }

    public function test_one_is_found_by_host_and_by_url(): void
    {
        $this->put(Certificate::valetPath(), 'app.test');

        $expected = ["{$this->home}/.config/valet/Certificates/app.test.crt", "{$this->home}/.config/valet/Certificates/app.test.key"];

        foreach (['app.test', 'https://app.test', 'https://app.test:8080/path', 'app.test:8080'] as $url) {
            $this->assertSame($expected, Certificate::resolve($url), $url);
        }
    }

    public function test_herd_comes_before_valet(): void
    {
        $this->put(Certificate::valetPath(), 'app.test');
        $this->put(Certificate::herdPath(), 'app.test');

        $this->assertStringContainsString('/Herd/', Certificate::resolve('app.test')[0]);
    }

    public function test_a_certificate_without_its_key_is_none(): void
    {
        $this->put(Certificate::valetPath(), 'app.test');
        unlink(Certificate::valetPath().'app.test.key');

        $this->assertFalse(Certificate::exists('app.test'));
        $this->assertFalse(Certificate::exists(''));
    }
}
