<?php

namespace Laravel\Reverb\Tests;

use Illuminate\Contracts\Console\Kernel;
use Illuminate\Foundation\Application;
use PHPUnit\Framework\TestCase as Base;

/**
 * A test with the application that tests/laravel/run has made, booted anew.
 */
abstract class TestCase extends Base
{
    protected Application $app;

    protected function setUp(): void
    {
        parent::setUp();

        $this->app = require getenv('LARAVEL_APP').'/bootstrap/app.php';
        $this->app->make(Kernel::class)->bootstrap();
    }

    protected function tearDown(): void
    {
        $this->app->flush();
        restore_error_handler();
        restore_exception_handler();

        parent::tearDown();
    }

    protected function folder(): string
    {
        $folder = sys_get_temp_dir().'/reverb-'.bin2hex(random_bytes(6));
        mkdir($folder, 0700, true);

        return $folder;
    }
}
