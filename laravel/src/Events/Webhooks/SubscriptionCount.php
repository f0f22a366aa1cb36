<?php

namespace Laravel\Reverb\Events\Webhooks;

/**
 * The number of a channel's subscribers has changed.
 */
class SubscriptionCount extends Webhook
{
    public int $count;

    public function __construct(string $app, array $payload)
    {
        parent::__construct($app, $payload);

        $this->count = (int) $payload['subscription_count'];
    }
}
