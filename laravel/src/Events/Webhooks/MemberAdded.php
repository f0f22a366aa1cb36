<?php

namespace Laravel\Reverb\Events\Webhooks;

/**
 * A user has joined a presence channel, with the first connection on any server.
 */
class MemberAdded extends Webhook
{
    public string $userId;

    public function __construct(string $app, array $payload)
    {
        parent::__construct($app, $payload);

        $this->userId = (string) $payload['user_id'];
    }
}
