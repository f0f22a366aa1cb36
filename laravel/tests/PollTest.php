<?php

namespace Laravel\Reverb\Tests;

use Laravel\Reverb\Native\Poll;
use Laravel\Telescope\Telescope;
use RuntimeException;

require_once __DIR__.'/Fakes/telescope.php';

class PollTest extends TestCase
{
    /** @var array<int, string> */
    protected array $told = [];

    protected function poll(\Closure $look): Poll
    {
        return new Poll(
            $this->app,
            $look,
            function (\Throwable $e) {
                $this->told[] = $e->getMessage();
            },
            function () {
                $this->told[] = 'back';
            },
        );
    }

    public function test_a_failure_is_told_once_until_it_is_over(): void
    {
        $isAway = false;
        $poll = $this->poll(function () use (&$isAway) {
            $isAway && throw new RuntimeException('away');
        });

        foreach ([false, true, true, true, false, false, true, false] as $isAway) {
            $poll();
        }

        $this->assertSame(['away', 'back', 'away', 'back'], $this->told);
    }

    public function test_telescope_and_pulse_record_none_of_it(): void
    {
        $pulse = new class
        {
            public bool $isIgnoring = false;

            public function ignore(callable $callback): mixed
            {
                $this->isIgnoring = true;

                try {
                    return $callback();
                } finally {
                    $this->isIgnoring = false;
                }
            }
        };
        $this->app->instance('Laravel\Pulse\Pulse', $pulse);
        $seen = null;

        ($this->poll(function () use ($pulse, &$seen) {
            $seen = [$pulse->isIgnoring, Telescope::$isRecording];
        }))();

        $this->assertSame([true, false], $seen);
        $this->assertTrue(Telescope::$isRecording);
    }
}
