<?php

namespace Laravel\Reverb\Protocols\Pusher\Channels\Concerns;

use Laravel\Reverb\Exceptions\NotInPhp;

trait KeepsItsPayloadElsewhere
{
    public function hasCachedPayload(): bool
    {
        return $this->cachedPayload() !== null;
    }

    /**
     * @return array<string, mixed>|null
     */
    public function cachedPayload(): ?array
    {
        throw new NotInPhp('reading what a cache channel keeps', 'Ask the HTTP API with info=cache.');
    }
}
