<?php

namespace Laravel\Reverb\Native;

use Illuminate\Broadcasting\Broadcasters\Broadcaster;
use Illuminate\Broadcasting\BroadcastException;

/**
 * Replaces a connection "reverb" that has no credentials yet. The framework's own cannot be made without
 * them, and as routes/channels.php needs it, no command would run, not even the one that adds them.
 */
class UnconfiguredBroadcaster extends Broadcaster
{
    public function auth($request)
    {
        throw $this->unconfigured();
    }

    public function validAuthenticationResponse($request, $result)
    {
        throw $this->unconfigured();
    }

    /**
     * @param  array<int, mixed>  $channels
     * @param  array<string, mixed>  $payload
     */
    public function broadcast(array $channels, $event, array $payload = [])
    {
        throw $this->unconfigured();
    }

    protected function unconfigured(): BroadcastException
    {
        return new BroadcastException(
            'Broadcasting with Reverb needs REVERB_APP_ID, REVERB_APP_KEY and REVERB_APP_SECRET. Run: php artisan reverb:install'
        );
    }
}
