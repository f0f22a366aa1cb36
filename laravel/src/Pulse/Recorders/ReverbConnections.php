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

    public function __construct(
        protected Pulse $pulse,
        protected BroadcastManager $broadcast,
        protected Application $app,
    ) {
        //
    }

    public function record(IsolatedBeat $event): void
    {
        if ($event->time->second % self::SECONDS !== 0) {
            return;
        }

        $failure = null;

        foreach ($this->app->make(ApplicationProvider::class)->all() as $app) {
            try {
                $this->pulse->record('reverb_connections', $app->id(), $this->count($app), $event->time)
                    ->avg()->max()->onlyBuckets();
            } catch (Throwable $e) {
                $failure = $e; // the other apps are counted all the same
            }
        }

        if ($failure !== null) {
            throw $failure;
        }
    }

    protected function count(ReverbApplication $app): int
    {
        $settings = $app->toArray();
        // Without a host of its own the SDK would ask Pusher.
        $settings['options'] = $settings['options'] ?: $this->app->make('config')->get('broadcasting.connections.reverb.options', []);

        $answer = $this->broadcast->pusher($settings)->get('/connections');

        return is_object($answer) ? $answer->connections : throw new RuntimeException('The Reverb server did not tell its connections.');
    }
}
