<?php

namespace Laravel\Reverb\Pulse\Livewire;

use Illuminate\Contracts\Support\Renderable;
use Illuminate\Support\Facades\View;
use Laravel\Pulse\Livewire\Card;
use Laravel\Reverb\Pulse\Recorders\ReverbConnections;
use Livewire\Attributes\Lazy;
use Livewire\Livewire;

/**
 * How many connections each app has: the highest and the average.
 */
#[Lazy]
class Connections extends Card
{
    use ReadsItsRecorder;

    public function render(): Renderable
    {
        [$connections, $time, $runAt] = $this->remember(fn () => $this->connections());

        if (Livewire::isLivewireRequest()) {
            $this->dispatch('reverb-connections-chart-update', connections: $connections);
        }

        return View::make('reverb::livewire.connections', [
            'connections' => $connections,
            'time' => $time,
            'runAt' => $runAt,
            'config' => $this->recorder(ReverbConnections::class),
        ]);
    }

    /**
     * By app and aggregate, the buckets of the period.
     */
    protected function connections(): mixed
    {
        $average = $this->graph(['reverb_connections'], 'avg');

        return $this->graph(['reverb_connections'], 'max')->map(fn ($readings, $app) => collect([
            'reverb_connections:max' => $readings['reverb_connections'],
            'reverb_connections:avg' => $average->get($app)['reverb_connections'] ?? $readings['reverb_connections']->map(fn () => null),
        ]));
    }
}
