<?php

namespace Laravel\Reverb\Native;

/**
 * What PHP code may ask about the server, which PHP does not run itself.
 */
class ServerProvider
{
    /**
     * @param  array<string, mixed>  $config
     */
    public function __construct(protected array $config)
    {
        //
    }

    public function shouldPublishEvents(): bool
    {
        return (bool) ($this->config['scaling']['enabled'] ?? false);
    }

    public function subscribesToEvents(): bool
    {
        return $this->shouldPublishEvents();
    }
}
