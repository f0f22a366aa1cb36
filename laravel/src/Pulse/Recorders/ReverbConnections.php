<?php

namespace Laravel\Reverb\Pulse\Recorders;

use Illuminate\Broadcasting\BroadcastManager;
use Illuminate\Foundation\Application;
use Laravel\Pulse\Events\IsolatedBeat;
use Laravel\Pulse\Pulse;
use Laravel\Reverb\Application as ReverbApplication;
use Laravel\Reverb\Contracts\ApplicationProvider;
use RuntimeException;
use Throwable;

/**
 * Asks the server every 15 seconds how many connections each app has.
 */
class ReverbConnections
{
    protected const SECONDS = 15;

    /** @var class-string */
    public string $listen = IsolatedBeat::class;

    /** The last quarter of a minute that was recorded. */
    protected ?int $quarter = null;

    public function __construct(
        protected Pulse $pulse,
        protected BroadcastManager $broadcast,
        protected Application $app,
    ) {
        //
    }

    public function record(IsolatedBeat $event): void
    {
        if (! $this->isDue($event)) {
            return;
        }

        $failure = null;

        foreach ($this->app->make(ApplicationProvider::class)->all() as $app) {
            try {
                $this->pulse->record('reverb_connections', $app->id(), $this->count($app), $event->time)
                    ->avg()->max()->onlyBuckets();
            } catch (Throwable $e) {
                $failure = $e; // the other apps are still counted
            }
        }

        if ($failure !== null) {
            throw $failure;
        }
    }

    /**
     * At the first beat of each quarter of a minute: a busy machine may miss its first second. In the
     * quarter in which this process began another one may have asked already.
     */
    protected function isDue(IsolatedBeat $event): bool
    {
        $former = $this->quarter;
        $this->quarter = intdiv($event->time->getTimestamp(), self::SECONDS);

        return $former === null ? $event->time->getTimestamp() % self::SECONDS === 0 : $this->quarter !== $former;
    }

    protected function count(ReverbApplication $app): int
    {
        $settings = $app->toArray();
        // Without a host of its own the SDK would ask Pusher.
        $settings['options'] = $settings['options'] ?: $this->app->make('config')->get('broadcasting.connections.reverb.options', []);

        $answer = $this->broadcast->pusher($settings)->get('/connections');

        return $answer->connections ?? throw new RuntimeException('The Reverb server did not tell its connections.');
    }
}
