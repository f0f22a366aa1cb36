<?php

namespace Laravel\Reverb\Native;

use Illuminate\Contracts\Container\Container;

/**
 * Stores what Pulse and Telescope have gathered in this process from time to time, and once more
 * at its end: no interval is lost.
 */
class Ingest
{
    protected const PULSE = 'Laravel\Pulse\Pulse';

    protected const TELESCOPE = 'Laravel\Telescope\Telescope';

    protected const TELESCOPE_REPOSITORY = 'Laravel\Telescope\Contracts\EntriesRepository';

    public function __construct(protected Container $app, protected Configuration $configuration)
    {
        //
    }

    /**
     * @return array<int, Timer>
     */
    public function timers(): array
    {
        return [
            new Timer($this->interval('pulse_ingest_interval'), $this->pulse(...)),
            new Timer($this->interval('telescope_ingest_interval'), $this->telescope(...)),
        ];
    }

    public function all(): void
    {
        $this->pulse();
        $this->telescope();
    }

    public function pulse(): void
    {
        if ($this->app->bound(self::PULSE)) {
            $this->app->make(self::PULSE)->ingest();
        }
    }

    public function telescope(): void
    {
        if ($this->app->bound(self::TELESCOPE_REPOSITORY)) {
            (self::TELESCOPE)::store($this->app->make(self::TELESCOPE_REPOSITORY));
        }
    }

    protected function interval(string $key): float
    {
        return max(1.0, (float) $this->configuration->server($key, 15));
    }
}
