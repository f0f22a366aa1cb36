<?php

namespace Laravel\Reverb\Pulse\Livewire;

use Illuminate\Contracts\Support\Renderable;
use Illuminate\Support\Collection;
use Illuminate\Support\Facades\View;
use Laravel\Pulse\Livewire\Card;
use Laravel\Reverb\Pulse\Recorders\ReverbMessages;
use Livewire\Attributes\Lazy;
use Livewire\Livewire;

/**
 * How many messages each app has sent and received, and how many in a unit of time.
 */
#[Lazy]
class Messages extends Card
{
    use ReadsItsRecorder;

    protected const BUCKETS = 60;

    protected const SECONDS = ['second' => 1, 'minute' => 60, 'hour' => 3600, 'day' => 86400];

    public function render(): Renderable
    {
        [$messages, $time, $runAt] = $this->remember(
            fn () => $this->graph(['reverb_message:sent', 'reverb_message:received'], 'count')
        );
        $rates = $this->rates($messages);

        if (Livewire::isLivewireRequest()) {
            $this->dispatch('reverb-messages-chart-update', messages: $messages, messagesRate: $rates);
        }

        return View::make('reverb::livewire.messages', [
            'messages' => $messages,
            'messagesRate' => $rates,
            'unit' => $this->unit(),
            'time' => $time,
            'runAt' => $runAt,
            'config' => $this->recorder(ReverbMessages::class),
        ]);
    }

    protected function unit(): string
    {
        return match ($this->period) {
            '6_hours' => 'minute',
            '24_hours' => 'hour',
            '7_days' => 'day',
            default => 'second',
        };
    }

    /**
     * The same per unit of time: a bucket's count, divided by its seconds, times those of the unit.
     *
     * @param  Collection<array-key, mixed>  $messages
     * @return Collection<array-key, mixed>
     */
    protected function rates(Collection $messages): Collection
    {
        $factor = self::SECONDS[$this->unit()] / ($this->periodAsInterval()->totalSeconds / self::BUCKETS);

        return $messages->map(fn ($readings) => $readings->map(fn ($buckets) => $buckets->map(
            fn ($count) => $count === null ? null : round($count * $factor, 2)
        )));
    }
}
