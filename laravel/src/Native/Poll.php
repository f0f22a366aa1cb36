<?php

namespace Laravel\Reverb\Native;

use Closure;
use Illuminate\Contracts\Container\Container;
use Throwable;

/**
 * A check that is repeated: Telescope and Pulse do not record it, and a failure is reported once, until
 * it is over.
 */
class Poll
{
    protected const PULSE = 'Laravel\Pulse\Pulse';

    protected const TELESCOPE = 'Laravel\Telescope\Telescope';

    protected bool $isFailing = false;

    /**
     * @param  Closure(): mixed  $look
     * @param  Closure(Throwable): mixed  $onFailure
     * @param  Closure(): mixed  $onRecovery
     */
    public function __construct(
        protected Container $app,
        protected Closure $look,
        protected Closure $onFailure,
        protected Closure $onRecovery,
    ) {
        //
    }

    public function __invoke(): void
    {
        try {
            $this->unrecorded($this->look);
        } catch (Throwable $e) {
            $wasFailing = $this->isFailing;
            $this->isFailing = true;
            $wasFailing || ($this->onFailure)($e);

            return;
        }

        if ($this->isFailing) {
            $this->isFailing = false;
            ($this->onRecovery)();
        }
    }

    protected function unrecorded(Closure $look): void
    {
        if (class_exists(self::TELESCOPE)) {
            $look = fn () => (self::TELESCOPE)::withoutRecording($look);
        }

        $this->app->bound(self::PULSE) ? $this->app->make(self::PULSE)->ignore($look) : $look();
    }
}
