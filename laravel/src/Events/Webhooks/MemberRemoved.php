<?php

namespace Laravel\Reverb\Events\Webhooks;

/**
 * A user has left a presence channel with the last connection, and did not come back in time.
 */
class MemberRemoved extends Webhook
{
    public string $userId;

    public function __construct(string $app, array $payload)
    {
        parent::__construct($app, $payload);

        $this->userId = (string) $payload['user_id'];
    }
}
