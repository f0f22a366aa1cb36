<?php

namespace Laravel\Reverb\Events\Webhooks;

use Illuminate\Foundation\Events\Dispatchable;
use Illuminate\Support\Carbon;

/**
 * What a server's webhook reports. It may be queued with its listener.
 */
abstract class Webhook
{
    use Dispatchable;

    public string $channel;

    /**
     * The same, however often the event is sent.
     */
    public string $id;

    public Carbon $occurredAt;

    /**
     * @param  string  $app  the id of the application
     * @param  array<string, mixed>  $payload  the event as it came
     */
    public function __construct(public string $app, public array $payload)
    {
        $this->channel = (string) $payload['channel'];
        $this->id = (string) ($payload['id'] ?? '');
        $this->occurredAt = Carbon::createFromTimestampMs((int) ($payload['time_ms'] ?? now()->getTimestampMs()));
    }
}
