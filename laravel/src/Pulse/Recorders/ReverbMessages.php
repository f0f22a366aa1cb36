<?php

namespace Laravel\Reverb\Pulse\Recorders;

use Illuminate\Config\Repository;
use Illuminate\Contracts\Container\Container;
use Laravel\Pulse\Pulse;
use Laravel\Reverb\Events\MessagesCounted;
use Laravel\Reverb\Pulse\Sums;

/**
 * Stores how many messages the server has sent and received: the server's sums for each interval,
 * and not one entry for each message.
 */
class ReverbMessages
{
    /** @var array<int, class-string> */
    public array $listen = [MessagesCounted::class];

    public function __construct(protected Pulse $pulse, protected Repository $config, protected Container $app)
    {
        //
    }

    public function record(MessagesCounted $event): void
    {
        $sums = new Sums($this->pulse, $this->config, $this->app);

        $sums->add('reverb_message:sent', $event->app->id(), $this->sample($event->sent), $event->at);
        $sums->add('reverb_message:received', $event->app->id(), $this->sample($event->received), $event->at);
        $sums->store();
    }

    /**
     * The card multiplies by one over the rate. What is left of a whole number comes up as often as it
     * is large, so that many small sums are not rounded away.
     */
    protected function sample(int $count): int
    {
        $exact = $count * $this->rate();
        $whole = (int) floor($exact);

        return $whole + (mt_rand() / mt_getrandmax() < $exact - $whole ? 1 : 0);
    }

    protected function rate(): float
    {
        return max(0.0, min(1.0, (float) ($this->config->get('pulse.recorders.'.self::class.'.sample_rate') ?? 1)));
    }
}
