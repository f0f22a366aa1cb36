<?php

namespace Laravel\Reverb\Native;

use Closure;

/**
 * Something that is due repeatedly.
 */
class Timer
{
    protected float $due;

    public function __construct(protected float $seconds, protected Closure $callback)
    {
        $this->due = $this->now() + $seconds;
    }

    public function runIfDue(): void
    {
        if ($this->now() < $this->due) {
            return;
        }

        $this->due = $this->now() + $this->seconds;

        ($this->callback)();
    }

    /**
     * Seconds until one of them is due.
     *
     * @param  non-empty-array<int, Timer>  $timers
     */
    public static function untilNext(array $timers): float
    {
        return max(0.0, min(array_map(fn (Timer $timer) => $timer->due - $timer->now(), $timers)));
    }

    protected function now(): float
    {
        return hrtime(true) / 1e9;
    }
}
