<?php

namespace Laravel\Reverb\Tests;

use Laravel\Reverb\ConfigApplicationProvider;
use Laravel\Reverb\Native\Configuration;
use Laravel\Reverb\Native\Ingest;
use Laravel\Reverb\Native\Timer;
use Laravel\Telescope\Telescope;

require_once __DIR__.'/Fakes/telescope.php';

class IngestTest extends TestCase
{
    protected function ingest(): Ingest
    {
        return new Ingest($this->app, new Configuration($this->app->make('config'), new ConfigApplicationProvider(collect())));
    }

    public function test_without_pulse_and_telescope_nothing_happens(): void
    {
        unset($this->app['Laravel\Pulse\Pulse'], $this->app['Laravel\Telescope\Contracts\EntriesRepository']);

        $this->ingest()->all();
        $this->addToAssertionCount(1);
    }

    public function test_what_both_have_gathered_is_stored_at_the_end(): void
    {
        $pulse = new class
        {
            public int $ingested = 0;

            public function ingest(): void
            {
                $this->ingested++;
            }
        };
        $repository = new \stdClass;
        $this->app->instance('Laravel\Pulse\Pulse', $pulse);
        $this->app->instance('Laravel\Telescope\Contracts\EntriesRepository', $repository);

        $this->ingest()->all();

        $this->assertSame(1, $pulse->ingested);
        $this->assertSame([$repository], Telescope::$stored);
    }

    public function test_each_has_its_interval(): void
    {
        config(['reverb.servers.reverb.pulse_ingest_interval' => '30', 'reverb.servers.reverb.telescope_ingest_interval' => 0]);

        [$pulse, $telescope] = $this->ingest()->timers();

        $this->assertEqualsWithDelta(30, Timer::untilNext([$pulse]), 1);
        $this->assertLessThanOrEqual(1, Timer::untilNext([$pulse, $telescope]), 'none is shorter than a second');
    }
}
