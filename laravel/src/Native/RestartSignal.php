<?php

namespace Laravel\Reverb\Native;

use Illuminate\Contracts\Cache\Factory;

/**
 * How `reverb:restart` reaches every server of the application: by a key of the default cache store.
 */
class RestartSignal
{
    public const KEY = 'laravel:reverb:restart';

    protected mixed $last = null;

    protected bool $hasLooked = false;

    protected int $since;

    public function __construct(protected Factory $cache)
    {
        $this->since = time();
    }

    /**
     * Two restarts within one second are two.
     */
    public function give(): void
    {
        $store = $this->cache->store();

        $store->forever(self::KEY, max(time(), (int) $store->get(self::KEY) + 1));
    }

    /**
     * Whether it was given since the last call or, at the first call, since this was made. A key that
     * has gone is none: the cache was cleared.
     */
    public function isGiven(): bool
    {
        $key = $this->cache->store()->get(self::KEY);
        $isGiven = $key !== null && ($this->hasLooked ? $key !== $this->last : (int) $key > $this->since);

        $this->hasLooked = true;
        $this->last = $key;

        return $isGiven;
    }
}
