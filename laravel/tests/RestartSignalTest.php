<?php

namespace Laravel\Reverb\Tests;

use Illuminate\Contracts\Cache\Factory;
use Laravel\Reverb\Native\RestartSignal;

class RestartSignalTest extends TestCase
{
    protected function setUp(): void
    {
        parent::setUp();

        config(['cache.default' => 'array']);
    }

    protected function signal(): RestartSignal
    {
        return new RestartSignal($this->app->make(Factory::class));
    }

    public function test_each_signal_is_seen_once_even_two_of_one_second(): void
    {
        $signal = $this->signal();
        $this->assertFalse($signal->isGiven());

        foreach ([1, 2] as $each) {
            $this->signal()->give();
            $this->assertTrue($signal->isGiven());
            $this->assertFalse($signal->isGiven());
        }
    }

    public function test_a_cleared_cache_is_no_signal(): void
    {
        $signal = $this->signal();
        $this->assertFalse($signal->isGiven());
        $this->signal()->give();
        $this->assertTrue($signal->isGiven());

        $this->app->make(Factory::class)->store()->clear();
        $this->assertFalse($signal->isGiven());

        $this->signal()->give();
        $this->assertTrue($signal->isGiven());
    }

    public function test_one_from_before_does_not_count_where_the_cache_was_away_at_first(): void
    {
        $this->app->make(Factory::class)->store()->forever(RestartSignal::KEY, time() - 60);
        $signal = $this->signal();

        $this->assertFalse($signal->isGiven());
        $this->signal()->give();
        $this->assertTrue($signal->isGiven());
    }
}
